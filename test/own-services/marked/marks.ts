/**
 * Values that are given to the gateway and must come out of it nowhere. Each has a part that stands nowhere else, is not
 * at an end, where a mask may show something, and is searched for by itself.
 */
export interface Marks {
  /** By what it is; values of the gateway's operator. */
  readonly secrets: Readonly<Record<string, string>>
  /** Values of a patient's. */
  readonly patient: {
    readonly id: string
    readonly member: string
    readonly number: number
    readonly name: string
    /** Identifiers that no event type declares: they are known by their names, words beside them, or their form. */
    readonly saudi: {
      readonly nationalId: string
      readonly iqama: string
      readonly border: string
      readonly passport: string
      readonly phone: string
      readonly mail: string
    }
  }
}

/** Marks for one run of the gateway. */
export function createMarks(): Marks {
  return {
    secrets: {
      sig: 'a1_QZ7urlsigQZ-Kx0pQv3tWm5yRz8uB2nE4gH6jL9sD',
      sigInFile: 'b2_QZ7filesigQZ-Kx0pQv3tWm5yRz8uB2nE4gH6jL9sD',
      sigInVault: 'c3_QZ7vaultsigQZ-Kx0pQv3tWm5yRz8uB2nE4gH6jL9s',
      sigNew: 'd4_QZ7newsigQZ-Kx0pQv3tWm5yRz8uB2nE4gH6jL9sD00',
      hmac: 'hmac-QZ7hmackeyQZ-0123456789abcdef',
      hmacPrevious: 'hmac-QZ7oldhmacQZ-0123456789abcdef',
      token: 'token-QZ7apitokenQZ-0123456789',
      readToken: 'token-QZ7readtokenQZ-0123456789',
      inbound: 'whsec_'.concat(Buffer.from('in-QZ7inboundQZ-0123456789').toString('base64')),
      redis: 'redis-QZ7redispwQZ-0123',
      proxy: 'proxy-QZ7proxypwQZ-0123',
      entra: 'entra~QZ7entraQZ.secret~0123456789',
      links: 'links-QZ7linkkeyQZ-0123456789abcdef',
      signIn: 'signin~QZ7signinQZ.secret~0123456789',
    },
    patient: {
      id: 'P7QZPHIDQZ4321',
      member: 'M7QZMEMBERQZ8765',
      number: 7_199_887_766_554_321,
      name: 'سارة قزظحسطغذ العلي',
      saudi: {
        nationalId: '1077353519',
        iqama: '2488646462',
        border: '3155979797',
        passport: 'K73939191',
        phone: '+966 53 939 2828',
        mail: 'qzmailqz.alharbi@hospital.example.sa',
      },
    },
  }
}

/** A number as an Arabic text writes it. */
export function arabicDigits(number: string): string {
  return [...number].map((digit) => String.fromCharCode(0x660 + Number(digit))).join('')
}

/** What is searched for, by what it is. */
export type Needles = ReadonlyMap<string, readonly string[]>

/** The parts of the marks, and of all other secrets of this run, in every encoding that is searched for. */
export function needlesFor(marks: Marks, others: Readonly<Record<string, string>>): Needles {
  const needles = new Map<string, readonly string[]>()
  for (const [name, value] of Object.entries(marks.secrets)) {
    const plain = name === 'inbound' ? Buffer.from(value.slice('whsec_'.length), 'base64').toString() : value
    needles.set(name, formsOf(/QZ7\w+?QZ/.exec(plain)?.[0] ?? plain))
  }
  for (const [name, value] of Object.entries(others)) needles.set(name, formsOf(value))
  needles.set('patient id', formsOf('QZPHIDQZ'))
  needles.set('member id', formsOf('QZMEMBERQZ'))
  needles.set('patient number', formsOf('99887766554'))
  needles.set('patient name', formsOf('قزظحسطغذ'))
  // As a whole: five digits of a number turn up by chance.
  for (const [name, value] of Object.entries(marks.patient.saudi)) needles.set(name, formsOf(value))
  needles.set('iqama, Arabic digits', formsOf(arabicDigits(marks.patient.saudi.iqama)))
  return needles
}

/** A text as it is, percent-encoded, escaped as in JSON, in hex, and in base64 wherever it begins within three bytes. */
function formsOf(text: string): string[] {
  const escaped = text.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
  const bytes = Buffer.from(text)
  const base64 = [0, 1, 2].map((offset) => {
    const shifted = Buffer.concat([Buffer.alloc(offset), bytes])
    // What depends on neighbours is cut off at both ends.
    return shifted.toString('base64').slice(offset === 0 ? 0 : offset + 1, -4)
  })
  const forms = [text, encodeURIComponent(text), escaped, bytes.toString('hex'), ...base64]
  return [...new Set(forms)].map((form) => form.toLowerCase())
}

/** Something that came out of the gateway, and where. */
export interface Captured {
  readonly where: string
  readonly text: string
}

/** Every mark that is in what was captured: which, where, and what stands around it. */
export function leaksIn(captured: readonly Captured[], needles: Needles): string[] {
  const leaks: string[] = []
  for (const { where, text } of captured) {
    const folded = text.toLowerCase()
    for (const [name, forms] of needles) {
      const at = forms.map((form) => folded.indexOf(form)).find((index) => index >= 0)
      if (at !== undefined) leaks.push(`${name} in ${where}: …${text.slice(Math.max(0, at - 80), at + 80)}…`)
    }
  }
  return leaks
}
