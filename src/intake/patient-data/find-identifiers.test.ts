import { describe, expect, it } from 'vitest'
import { loadCatalogue } from '../../catalogue/load.ts'
import type { Json, JsonObject } from '../../kernel/json.ts'
import { createPatientDataGuard } from './patient-data.ts'

const catalogue = loadCatalogue({ language: 'en', budget: { requests: 60, period: 60, burst: 10 } })
const guard = createPatientDataGuard(catalogue.eventTypes.values(), 'mask')

function protect(data: JsonObject, correlationId?: string) {
  const definition = catalogue.eventTypes.get('prometheus.alert.firing')
  if (!definition) throw new TypeError('no such type')
  const all = { component: 'c', summary: 's', ...data }
  return guard({ definition, data: all, given: all, correlationId })
}
const inText = (text: string) => protect({ summary: text }).data.summary
const inLabels = (labels: JsonObject) => protect({ labels }).data.labels

describe('labels are masked', () => {
  it.each([
    ...['national_id', 'nationalId', 'NATIONAL-ID', 'patientNationalIds', 'holder_national_id_2', 'id_number', 'ssn'],
    ...['iqama', 'iqamaNo', 'residence_permit', 'border_number', 'visa', 'visa_no', 'passportNumber'],
    ...[
      'mrn',
      'medical_record_number',
      'file_no',
      'fileNumber',
      'policy_number',
      'insurance_policy_no',
      'membership_id',
    ],
    ...[
      'member_number',
      'subscriber_id',
      'iban',
      'account_number',
      'license_plate',
      'driver_license',
      'bank_account_no',
    ],
    ...[
      'phone',
      'contactPhone',
      'mobile_number',
      'fax',
      'msisdn',
      'email',
      'e-mail',
      'mail',
      'patient_name',
      'full_name',
    ],
    ...[
      'firstName',
      'family-name',
      'mother_name',
      'home_address',
      'postal_code',
      'patient',
      'patient_city',
      'patient_ip',
    ],
    ...[
      'رقم الهوية',
      'الهوية الوطنية',
      'رقم_الإقامة',
      'الاقامة',
      'رقم الحدود',
      'رقم التأشيرة',
      'جواز السفر',
      'رقم الجواز',
    ],
    ...[
      'رقم الملف الطبي',
      'السجل الطبي',
      'رقم الملف',
      'رقم الوثيقة',
      'رقم العضوية',
      'اسم المريض',
      'الاسم',
      'اسم المستفيد',
    ],
    ...['رقم الجوال', 'الهاتف', 'البريد الإلكتروني', 'عنوان السكن', 'هاتف المريض'],
  ])('under %s', (name) => {
    expect(JSON.stringify(inLabels({ [name]: 'ABCD 12345678', other: 'ABCD 12345678' }))).not.toMatch(/ABCD|1234/)
  })

  it.each(['date_of_birth', 'dob', 'birthDate', 'تاريخ الميلاد', 'street_address', 'address'])(
    'as a whole under %s',
    (name) => {
      expect(inLabels({ [name]: '1980-11-21 King Fahd Rd' })).toEqual({ [name]: '••••' })
    },
  )

  it('at any depth, in lists, and in JSON inside of texts', () => {
    const inner = { visit: { patient: { name: 'Sara Alharbi', ok: true } }, big: 1 }
    expect(
      protect({ list: [{ deep: { iqama: 2123456789 } }], json: JSON.stringify(inner), quoted: 'of Sara Alharbi' }).data,
    ).toMatchObject({
      list: [{ deep: { iqama: '2••••6789' } }],
      json: JSON.stringify({ visit: { patient: { name: 'S••••arbi', ok: '••••' } }, big: 1 }),
      quoted: 'of S••••arbi',
    })
    // Of a key that comes twice, parsing keeps the last.
    const twice = String(protect({ json: '{"a":"iqama 2123456789","a":"x"}' }).data.json)
    expect(twice).not.toContain('2123456789')
  })
})

describe('labels are not masked', () => {
  it.each<[string, Json]>([
    ['name', 'redis-1'],
    ['pod_name', 'api-0'],
    ['address', '10.0.0.1:9090'],
    ['address', 'amqp://rabbit'],
    ['remote_address', 'x y'],
    ['file', '/var/log/app.log'],
    ['policy', 'always'],
    ['account', 'prod'],
    ['patient_share', 1500],
    ['patient_count', 12],
    ['has_iqama', true],
    ['instance', 'a:9'],
    ['claim_id', 'C-123456789'],
    ['started', 1795288737],
    ['member', '8e9e05c52164694d'],
    ['عدد المرضى', 12],
  ])('under %s, as %j', (name, value) => {
    expect(inLabels({ [name]: value })).toEqual({ [name]: value })
  })
})

it.each([
  ['no member with national id 1098765432', 'no member with national id 1••••5432'],
  ['Iqama No. 2123456789 expired', 'Iqama No. 2••••6789 expired'],
  ["kwargs={'patient_id': 'P-2001', 'q': 1}", "kwargs={'patient_id': '••••', 'q': 1}"],
  ['{\\"national_id\\":\\"1098765432\\"}', '{\\"national_id\\":\\"1••••5432\\"}'],
  ['HTTP 502 from NPHIES for patient P-2002', 'HTTP 502 from NPHIES for patient ••••'],
  ['GET /patients/P-2002/claims', 'GET /patients/••••/claims'],
  ['passport A1234567, visa 6012345678', 'passport A••••4567, visa 6••••5678'],
  ['medical record number: 00123456', 'medical record number: 0••••3456'],
  ['policy number POL-2024-88123', 'policy number P••••8123'],
  ['1098765432 is not a valid national id', '1••••5432 is not a valid national id'],
  ['رقم الهوية: ١٠٩٨٧٦٥٤٣٢ غير صحيح', 'رقم الهوية: ١••••٥٤٣٢ غير صحيح'],
  ['لا يوجد مريض برقم الإقامة ٢١٢٣٤٥٦٧٨٩', 'لا يوجد مريض برقم الإقامة ٢••••٦٧٨٩'],
  ['patient name: Sara Alharbi was not found', 'patient name: S••••arbi was not found'],
  ['اسم المريض: سارة العلي', 'اسم المريض: س••••لعلي'],
  ['dob=1980-11-21 ok', 'dob=•••• ok'],
  ['born? date of birth 21/11/1980', 'born? date of birth ••••'],
  ['home address: King Fahd Rd 12, Riyadh; next', 'home address: ••••; next'],
  ['sent {"patient": {"name": "Sara", "id": 5}, "x": 2} on', 'sent {"patient": ••••, "x": 2} on'],
  ['call +966 50 123 4567 or 00966501234567', 'call +••••4567 or 0••••4567'],
  ['call +٩٦٦٥٠١٢٣٤٥٦٧', 'call +••••٤٥٦٧'],
  ['to SA03 8000 0000 6080 1016 7519 paid', 'to S••••7519 paid'],
  ['to sara.alharbi@hospital.example.sa bounced', 'to s••••e.sa bounced'],
  ['phone: 0501234567', 'phone: 0••••4567'],
])('in a text, %j becomes %j', (text, expected) => {
  expect(inText(text)).toBe(expected)
})

it.each([
  'started at 1795288737',
  'deadline 1795288737.8904 for patient at 1795288737',
  'at 1795288737 iqama service restarted',
  'claims 1098765432 and 2123456789',
  'claim CLM-2025-001234 rejected',
  'patients 2026-11-21, 10 patients waiting, patient count 1234',
  'patient record not found in 3 tries',
  'member 3 of 5; policy 12 applied; account for 12345',
  'address already in use 0.0.0.0:8080, address: 10.0.0.1',
  'worker celery@worker-1.prod.example.sa and rabbit@rmq-1 left',
  'amqp://user:password@host.example.com:5672 git@github.com:org/repo.git',
  'trace 4bf92f3577b34da6a3ce929d0e0e4736 certificate sa03800000006080101675',
  'انتهت صلاحية الوثيقة POL-2024-88 بتاريخ 2024-12-31.',
])('in a text, %j is not masked', (text) => {
  expect(inText(text)).toBe(text)
})

it('an identifier in a correlation id or text is masked everywhere in the event', () => {
  const { data, correlationId } = protect({ summary: 'iqama 2123456789', node: 'x-2123456789' }, 'patient-1098765432')
  expect(correlationId).toBe('patient-1••••5432')
  expect(data).toMatchObject({ summary: 'iqama 2••••6789', node: 'x-2••••6789' })
})

it('takes linear time', () => {
  const pieces = [
    'patient ',
    'id ',
    'national id: ',
    '{"patient":{',
    'a@',
    '+966 5',
    'sa03 ',
    'name: "',
    'رقم ',
    '-1',
    'iqama "\'\\',
  ]
  const started = process.cpuUsage()
  for (const piece of pieces) inText(piece.repeat(Math.floor(200_000 / piece.length)))
  expect(process.cpuUsage(started).user / 1_000).toBeLessThan(10_000)
})
