/** Format of an identifier's value in a text. */
export type IdentifierValue = 'number' | 'phone' | 'mail' | 'name' | 'date' | 'address'

/** One kind of identifier, with its names. Letter case, separators, plurals and the Arabic article do not count. */
export interface IdentifierRow {
  readonly value: IdentifierValue
  /** Names that are sufficient: `passport`, also with `number`, `no`, `id` or `رقم`. */
  readonly alone?: readonly string[]
  /** Names that need one of {@link NUMBER_WORDS}: `policy` is ambiguous, a `policy number` is a patient's. */
  readonly numbered?: readonly string[]
  /** Names that must be the whole field name: `address`, but not `remote_address`. */
  readonly whole?: readonly string[]
}

/**
 * Identifiers of people: those of HIPAA (45 CFR 164.514(b)(2)) and of Saudi Arabia, in English and Arabic. Some of HIPAA's
 * 18 are also usual names of machines (URL, IP address, device and certificate serials, city, account). They count only
 * behind one of {@link PERSONS}: `patient_ip`, `member_city`.
 */
export const IDENTIFIERS: readonly IdentifierRow[] = [
  {
    value: 'number',
    alone: [
      'national id',
      'national identity',
      'saudi id',
      'citizen id',
      'civil id',
      'civil registry',
      'civil record',
      'identity card',
      'ssn',
      'social security',
      'هوية',
      'هوية وطنية',
      'بطاقة هوية',
      'سجل مدني',
    ],
    numbered: ['national', 'identity', 'identification'],
    whole: ['id number', 'id no', 'id card', 'nid'],
  },
  {
    value: 'number',
    alone: ['iqama', 'iqamah', 'residence permit', 'residency permit', 'resident identity', 'إقامة', 'هوية مقيم'],
    numbered: ['residence', 'residency', 'resident'],
  },
  { value: 'number', numbered: ['border', 'borders', 'حدود'] },
  { value: 'number', alone: ['visa', 'تأشيرة', 'فيزا'] },
  { value: 'number', alone: ['passport', 'جواز سفر', 'جواز'] },
  {
    value: 'number',
    alone: ['mrn', 'medical record', 'health record', 'medical file', 'patient file', 'patient record'],
    numbered: ['emr', 'ehr'],
  },
  { value: 'number', alone: ['سجل طبي', 'سجل صحي', 'ملف طبي', 'ملف مريض'], numbered: ['file', 'ملف'] },
  {
    value: 'number',
    numbered: ['policy', 'insurance policy', 'insurance', 'وثيقة', 'وثيقة تأمين', 'بوليصة', 'بوليصة تأمين', 'تأمين'],
  },
  {
    value: 'number',
    numbered: [
      'membership',
      'member',
      'member card',
      'subscriber',
      'beneficiary',
      'insured',
      'dependent',
      'policy holder',
      'insurance card',
      'health card',
      'health plan',
      'عضوية',
      'عضو',
      'مشترك',
      'مستفيد',
      'مؤمن له',
      'مؤمن عليه',
      'بطاقة تأمين',
    ],
    whole: ['beneficiary', 'insured', 'policy holder', 'مستفيد', 'مؤمن له', 'مؤمن عليه'],
  },
  { value: 'number', alone: ['iban', 'آيبان'], numbered: ['bank account', 'account', 'حساب', 'حساب بنكي'] },
  {
    value: 'number',
    alone: ['driver license', 'drivers license', 'driving license', 'driving licence', 'license plate', 'رخصة قيادة'],
    numbered: ['license', 'licence', 'plate', 'رخصة', 'لوحة'],
    whole: ['vin'],
  },
  { value: 'number', alone: ['patient', 'مريض', 'مريضة'], numbered: ['مراجع'] },
  {
    value: 'phone',
    alone: ['phone', 'telephone', 'mobile', 'mobile phone', 'cell phone', 'cellphone', 'fax', 'whatsapp', 'msisdn'],
    numbered: ['contact', 'cell', 'تواصل', 'اتصال'],
    whole: ['tel'],
  },
  { value: 'phone', alone: ['هاتف', 'جوال', 'موبايل', 'محمول', 'فاكس', 'تليفون'] },
  {
    value: 'mail',
    alone: ['email', 'e mail', 'email address', 'e mail address', 'mail address', 'بريد إلكتروني', 'ايميل'],
    whole: ['mail', 'بريد'],
  },
  {
    value: 'name',
    alone: [
      'patient name',
      'full name',
      'first name',
      'second name',
      'middle name',
      'last name',
      'given name',
      'family name',
      'father name',
      'fathers name',
      'grandfather name',
      'mother name',
      'mothers name',
      'maiden name',
      'legal name',
      'surname',
      'forename',
      'next of kin',
      'اسم مريض',
      'اسم مريضة',
      'اسم كامل',
      'اسم أول',
      'اسم أخير',
      'اسم عائلة',
      'اسم رباعي',
      'اسم ثلاثي',
      'اسم أب',
      'اسم أم',
      'اسم جد',
    ],
    whole: ['اسم'],
  },
  {
    value: 'date',
    alone: [
      'birth date',
      'date of birth',
      'dob',
      'birthday',
      'birth year',
      'year of birth',
      'birth place',
      'place of birth',
      'date of death',
      'death date',
      'admission date',
      'date of admission',
      'discharge date',
      'date of discharge',
      'تاريخ ميلاد',
      'سنة ميلاد',
      'مكان ميلاد',
      'ميلاد',
      'تاريخ وفاة',
    ],
  },
  {
    value: 'address',
    alone: [
      'home address',
      'street address',
      'postal address',
      'mailing address',
      'national address',
      'residential address',
      'residence address',
      'permanent address',
      'address line',
      'postal code',
      'post code',
      'zip code',
      'po box',
      'عنوان سكن',
      'عنوان منزل',
      'عنوان وطني',
      'رمز بريدي',
      'صندوق بريد',
    ],
    whole: ['address', 'street', 'zip', 'عنوان'],
  },
]

/** Nouns that turn the name before them (English) or after them (Arabic) into an identifier. */
export const NUMBER_WORDS = { after: ['number', 'num', 'nr', 'no', 'id'], before: ['رقم'] } as const

/** Nouns for a person. An identifier or one of {@link ATTRIBUTES} of such a person is patient data. */
export const PERSONS = {
  first: [
    'patient',
    'member',
    'insured',
    'beneficiary',
    'subscriber',
    'guardian',
    'dependent',
    'policy holder',
    'newborn',
  ],
  last: ['مريض', 'مريضة', 'مستفيد', 'مؤمن له', 'مؤمن عليه', 'مشترك', 'عضو', 'مراجع'],
} as const

/** Attributes that are patient data only beside one of {@link PERSONS}. */
export const ATTRIBUTES: readonly string[] = [
  ...['id', 'no', 'num', 'number', 'uuid', 'key', 'ref', 'reference', 'identifier', 'identity', 'code', 'card', 'file'],
  ...['name', 'name ar', 'name en', 'arabic name', 'english name', 'age', 'address', 'city', 'district', 'zip', 'mail'],
  ...[
    'ip',
    'ip address',
    'url',
    'photo',
    'image',
    'device',
    'device id',
    'account',
    'data',
    'info',
    'details',
    'record',
  ],
  ...['اسم', 'رقم', 'عنوان', 'مدينة', 'ملف', 'بيانات', 'عمر', 'صورة'],
]
