import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loadCatalogue } from '../../catalogue/load.ts'
import type { Json, JsonObject } from '../../kernel/json.ts'
import { isObject } from '../../kernel/json.ts'
import { maskValue } from './mask.ts'
import { createPatientDataGuard, type PhiPolicy } from './patient-data.ts'

const catalogue = loadCatalogue({
  language: 'en',
  budget: { requests: 60, period: 60, burst: 10 },
  config: {
    event_types: {
      'lab.result.ready': {
        priority: 'INFO',
        stakeholders: ['sre'],
        card: 'system_alert',
        data: { patient: { type: 'object', phi: true }, summary: { phi: true }, unit: {} },
      },
    },
  },
})

const types = [...catalogue.eventTypes.values()]
const guards = {
  mask: createPatientDataGuard(types, 'mask'),
  omit: createPatientDataGuard(types, 'omit'),
  show: createPatientDataGuard(types, 'show'),
}

/** The data and the correlation id of an event of one type after the policy. */
function protect(data: JsonObject, policy: PhiPolicy = 'mask', type = 'celery.task.failed', correlationId?: string) {
  const definition = catalogue.eventTypes.get(type)
  if (!definition) throw new TypeError(`no type ${type}`)
  return guards[policy]({ definition, data, given: data, correlationId })
}

/** Every key, text and number, each as a text. */
function textsIn(value: Json): string[] {
  if (Array.isArray(value)) return value.flatMap(textsIn)
  if (isObject(value)) return Object.entries(value).flatMap(([key, item]) => [key, ...textsIn(item as Json)])
  return typeof value === 'string' || typeof value === 'number' ? [String(value)] : []
}

const character = fc.oneof(
  fc.constantFrom(...'P1234567890abcde'),
  fc.constantFrom(...'محمد الأحمد١٢٣'),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
  fc.constantFrom(' ', '-', '.', '"', '\\', '%', '$&', 'é', '😀'),
)
/** Five letters or more that are seen; not what is a mask already. */
const patientValue = fc
  .oneof(
    fc.array(character, { minLength: 5, maxLength: 70 }).map((parts) => parts.join('')),
    fc.array(fc.constantFrom(...'P1234567890'), { minLength: 5, maxLength: 12 }).map((parts) => parts.join('')),
    // Values that overlap with themselves and with each other.
    fc.array(fc.constantFrom('a', 'ab', 'aab'), { minLength: 5, maxLength: 30 }).map((parts) => parts.join('')),
  )
  .filter((value) => value.isWellFormed() && !value.includes('•') && seen(value) >= 5)

/** How many letters of a text are seen, and compared. */
function seen(text: string): number {
  const compared = text
    .normalize('NFKD')
    .replace(/[\p{Mn}\p{Cf}\p{Cc}\p{Default_Ignorable_Code_Point}\u0640]/gu, '')
    .replace(/\s+/g, ' ')
    .trim()
  return Math.min(compared.length, [...text.trim()].length)
}

/** Patient values, and JSON that has them in all sorts of places besides the fields that hold them. */
const patientsAndData = fc.array(patientValue, { minLength: 1, maxLength: 4 }).chain((patients) => {
  const around = fc.constantFrom('', ' ', 'x', '7', '4321', 'id=', 'م')
  const inText = fc
    .array(fc.oneof(around, fc.constantFrom(...patients)), { maxLength: 5 })
    .map((parts) => parts.join(''))
  const numbers = patients.map(Number).filter((number) => Number.isSafeInteger(number))
  const { value } = fc.letrec<{ value: Json; object: JsonObject }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      inText,
      fc.constantFrom(...numbers, 7),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 3 }),
      tie('object'),
    ),
    object: fc.dictionary(fc.oneof(inText, fc.constantFrom('patient_id', 'note', 'MemberID')), tie('value'), {
      maxKeys: 3,
    }),
  }))
  const holder = fc.constantFrom('patient_id', 'member_id', 'patientId', 'PATIENT-IDS')
  // Each value stands in a field of patient data somewhere: alone, in a list, as a key, nested, with blanks around it.
  const patientFields = fc.tuple(
    ...patients.map((patient) =>
      fc.tuple(
        holder,
        fc
          .constantFrom<(text: string) => Json>(
            (text) => text,
            (text) => ` ${text}\n`,
            (text) => [text],
            (text) => ({ id: { value: text } }),
            (text) => ({ [`1 ${text}`]: text }),
          )
          .map((shape) => shape(patient)),
      ),
    ),
  )
  return fc.record({
    patients: fc.constant(patients),
    correlationId: fc.option(inText, { nil: undefined }),
    data: fc
      .tuple(fc.dictionary(fc.oneof(inText, fc.constantFrom('error', 'task_id', 'queue')), value), patientFields)
      .map(
        ([others, fields]): JsonObject => ({
          ...others,
          list: fields.map(([name, item]) => ({ [name]: item })),
        }),
      ),
  })
})

it('hides a value that is written in the midst of itself, once or many times', () => {
  // Searched in pieces: its mask shows no letter that would keep the halves apart, and no half has a whole piece.
  const id = 'ZX2307455641379545016122192569277651481024'
  const inside = (outer: string) => `${id.slice(0, 21)}${outer}${id.slice(21)}`
  const texts = [
    inside(id),
    inside(inside(id)),
    [...Array(9)].reduce(inside, id),
    `${id.slice(0, 21)}-${id}. ${id.slice(21)}`,
  ]
  for (const error of texts) {
    const { data } = protect({ task_name: 't', task_id: 't', patient_id: id, error })
    expect(String(data.error).replaceAll(/\W/g, '')).not.toContain(id)
  }
  // A value that came masked is its own mask.
  const { data } = protect({ task_name: 't', task_id: 't', patient_id: 'P••••6789', error: 'of P••••6789' })
  expect(data.error).toBe('of P••••6789')
})

it('hides a value between whose digits stand characters of two units, such as an emoji, or one that Unicode does not assign', () => {
  for (const separator of ['😀', '\u{a844c}', '😀 \u{1f3fd}']) {
    const error = `ZX8${separator}257${separator}711 failed`
    const { data } = protect({ task_name: 't', task_id: 't', patient_id: 'ZX8257711', error })
    expect(String(data.error).replaceAll(/\W/g, '')).not.toContain('257711')
  }
  // After an escape character, "%5" is a sequence of a terminal too.
  const encoded = protect({ task_name: 't', task_id: 't', patient_id: 'ZX8257711', error: 'at \u001b%5AX8257711' })
  expect(encoded.data.error).not.toContain('X8257711')
  // A letter of two units is none.
  const { data } = protect({ task_name: 't', task_id: 't', patient_id: 'ZX8257711', error: 'ZX8𞤀257711' })
  expect(data.error).toBe('ZX8𞤀257711')
})

describe.each(['mask', 'omit'] as const)('under %s', (policy) => {
  it('no patient value remains in any text, number, key or id', () => {
    let hidden = 0
    fc.assert(
      fc.property(patientsAndData, ({ patients, data, correlationId }) => {
        const result = protect(data, policy, 'celery.task.failed', correlationId)
        const left = [...textsIn(result.data), result.correlationId ?? '']
        for (const patient of patients) {
          hidden += textsIn(data).filter((text) => text.includes(patient)).length
          expect(left.filter((text) => text.includes(patient.trim()))).toEqual([])
        }
      }),
      { numRuns: 2_000 },
    )
    expect(hidden).toBeGreaterThan(4_000)
  })

  it('nothing else changes', () => {
    // Letters of which no identifier's name is made, and no form of one.
    const stringUnit = fc.constantFrom(...'abcghkxy é😀"\\-_.{}[]م\n')
    const plain = fc.dictionary(fc.string({ unit: stringUnit }), fc.jsonValue({ stringUnit }))
    fc.assert(
      fc.property(plain, (given) => {
        const data = JSON.parse(JSON.stringify(given)) as JsonObject
        expect(protect({ ...data, patient_id: 'QZX99887766' }, policy).data).toEqual(
          policy === 'mask' ? { ...data, patient_id: 'Q••••7766' } : data,
        )
      }),
    )
  })
})

it('a field of patient data is masked or left out, in any notation of its name and at any depth', () => {
  const data = {
    patient_id: 'P123456789',
    PatientID: 'P123456780',
    deep: [{ 'member-id': 1234567890, memberIds: ['M111111111', 'M222222222'], note: 'n' }],
    hostname: 'h',
  }
  expect(protect(data).data).toEqual({
    patient_id: 'P••••6789',
    PatientID: 'P••••6780',
    deep: [{ 'member-id': '1••••7890', memberIds: ['M••••1111', 'M••••2222'], note: 'n' }],
    hostname: 'h',
  })
  expect(protect(data, 'omit').data).toEqual({ deep: [{ note: 'n' }], hostname: 'h' })
  expect(protect(data, 'show').data).toEqual(data)
})

it('a phi mark of the user applies in its type, and where no type declares the field', () => {
  const lab = { component: 'c', summary: 'Ahmed Alharbi', unit: 'mg', extra: { unit: 'kg', summary: 'Sara Alotaibi' } }
  expect(protect(lab, 'mask', 'lab.result.ready').data).toEqual({
    component: 'c',
    summary: 'A••••arbi',
    unit: 'mg',
    extra: { unit: 'kg', summary: 'S••••aibi' },
  })
  // In the built-in type the summary is a plain field.
  expect(protect(lab, 'mask', 'deployment.failed').data).toMatchObject({ summary: 'Ahmed Alharbi' })
})

it('inside a field of patient data every value is masked, and every key that is no field name', () => {
  const patient = { name: 'Mohammed Alqahtani', diabetic: true, visits: { 'Dr. Mohammed': 3, P123456789: 'x' } }
  expect(
    protect({ patient, note: 'Dr. Mohammed saw P123456789, not diabetic' }, 'mask', 'lab.result.ready').data,
  ).toEqual({
    patient: { name: 'M••••tani', diabetic: '••••', visits: { 'D••••mmed': '••••', 'P••••6789': '••••' } },
    note: 'D••••mmed saw P••••6789, not diabetic',
  })
})

it.each([
  ['in another letter case', 'p123456789'],
  ['with an invisible character inside', 'P1234\u200b5\u00ad6789'],
  ['with a mark of direction inside, which cards leave out', '\u200eP12345\u202a6789'],
  ['in Arabic digits', 'P١٢٣٤٥٦٧٨٩'],
  ['in full-width letters', 'Ｐ１２３４５６７８９'],
  ['in a URL', 'https://x/?id=P123456789&y'],
  ['next to digits', '00P1234567891'],
])('a value is found %s', (_how, text) => {
  const { data } = protect({ patient_id: 'P123456789', error: `no ${text} found` })
  expect(String(data.error)).toMatch(/^no .*P••••6789.* found$/)
  expect(String(data.error)).not.toContain('456')
})

it.each([
  ['percent-encoded', encodeURIComponent('محمد القزاز')],
  ['encoded as in a form', encodeURIComponent('محمد القزاز').replaceAll('%20', '+')],
  ['escaped as Python does', '\\u0645\\u062d\\u0645\\u062f \\u0627\\u0644\\u0642\\u0632\\u0627\\u0632'],
  ['with vowels and tatweel', 'مُحَمَّد  القـزاز'],
  ['with other blanks', 'محمد\u00a0\n القزاز'],
])('a name is found %s', (_how, text) => {
  const { data } = protect({ patient_id: 'محمد القزاز', error: `<${text}>` })
  expect(data.error).toMatch(/^<(م••••قزاز|••••)>$/)
})

it('overlapping values are masked together, without a remainder', () => {
  const { data } = protect({ patient_id: ['P123456789', '67891'], error: 'P1234567891', x: '5678912', y: 'P123456789' })
  expect(data).toMatchObject({ error: '••••', x: '5••••2', y: 'P••••6789' })
})

it('a long text of patient data is found whole and in part', () => {
  const story = 'The patient came on Sunday with pain in the left arm and was sent home on Monday.'
  const { data } = protect({ patient_id: story, error: `note: ${story}`, part: story.slice(10, 76) })
  expect(data.error).toBe('note: ••••')
  expect(data.part).not.toContain('with pain in the left')
})

it('keys with the same mask keep their values', () => {
  const { data } = protect({ patient_id: ['P111116789', 'P222226789'], m: { P111116789: 1, P222226789: 2 } })
  expect(data.m).toEqual({ 'P••••6789': 1, 'P••••6789 (2)': 2 })
})

it('the name of a declared field is not masked, even where it equals a patient id', () => {
  expect(protect({ patient_id: 'error', error: 'an error', deep: { error: 1 } }).data).toEqual({
    patient_id: '••••',
    error: 'an ••••',
    deep: { '••••': 1 },
  })
})

it('values of dropped fields are still searched for', () => {
  const definition = catalogue.eventTypes.get('nphies.claim.submitted')
  if (!definition) throw new TypeError('no such type')
  const given = { services: [{ description: 'for P123456789', amount: 1, patient_id: 'P123456789' }] }
  const data = { services: [{ description: 'for P123456789', amount: 1 }] }
  expect(guards.mask({ definition, data, given, correlationId: 'c-P123456789' })).toEqual({
    data: { services: [{ description: 'for P••••6789', amount: 1 }] },
    correlationId: 'c-P••••6789',
    ignored: [],
  })
})

it('a mask shows at most the first letter and the last four characters, and nothing of a short value', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (value) => {
      const letters = [...value.trim()]
      const mask = maskValue(value)
      if (letters.length < 8) expect(mask).toBe('••••')
      else expect(mask).toBe(`${letters[0]}••••${letters.slice(-4).join('')}`)
    }),
  )
})

it('takes linear time for events of any content', () => {
  const patients = Array.from({ length: 20_000 }, (_, index) => `P12345${index}`)
  const alike = Array.from({ length: 200 }, (_, index) => 'a'.repeat(index + 5))
  const text = `${'aaaa'.repeat(20_000)} ${patients.join(' ')}`
  const started = process.cpuUsage()
  const { data } = protect({ patient_id: [...patients, ...alike, 'a'.repeat(100_000)], error: text })
  // One value after the other would be ten billion comparisons.
  expect(process.cpuUsage(started).user / 1_000).toBeLessThan(5_000)
  expect(data.error).not.toMatch(/P12345|aaaaa/)
})
