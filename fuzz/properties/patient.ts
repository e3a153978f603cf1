import { isObject } from '../../src/kernel/json.ts'
import { isMarked } from '../mutate/texts.ts'
import { hold } from '../target.ts'
import { fold, LONG_NUMBER, unescaped } from './read.ts'

/** Names of fields that hold patient data, by the platform's own list and by that of identifiers, however they are spelt. */
const PATIENT_FIELD = /^(?:(?:patient|member|national)ids?|iqama|passportno|mrn|رقمالهوية)$/

/**
 * The marked values that stand under a patient field of an event's data, at any depth, and long numbers. Only these
 * are looked for afterwards: an id such as "error" is on every second card without being anybody's id.
 */
export function patientValues(data: unknown): string[] {
  const values = new Set<string>()
  const visit = (value: unknown, inside: boolean) => {
    if (inside && typeof value === 'string' && (isMarked(value) || LONG_NUMBER.test(value)))
      values.add(fold(value.trim()))
    if (Array.isArray(value)) for (const item of value) visit(item, inside)
    else if (isObject(value))
      for (const [name, item] of Object.entries(value)) visit(item, inside || PATIENT_FIELD.test(plainName(name)))
  }
  visit(data, false)
  return [...values]
}

function plainName(name: string): string {
  return name
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '')
}

/** None of the values is in the text, however it is written there. */
export function holdPatients(values: readonly string[], text: string, where: string): void {
  if (values.length === 0) return
  const shown = howShown(text)
  for (const value of values) {
    const how = shown(value)
    hold(how === undefined, 'patient', () => `${where} shows${how} the patient value ${value}`)
  }
}

/** How a text shows a value: plainly, with separators or percent-encoded; undefined where it does not. */
export function howShown(text: string): (value: string) => string | undefined {
  const letters = fold(text)
  const decoded = fold(unescaped(text))
  // Text by text: what ends one and what begins the next is no id.
  const texts = (text.match(/"(?:[^"\\]|\\.)*"/g) ?? [text]).map((one) => fold(one).replace(/[^\p{L}\p{N}]/gu, ''))
  return (value) => {
    if (letters.includes(value)) return ''
    if (texts.some((one) => one.includes(value))) return ', with separators,'
    return decoded.includes(value) ? ', percent-encoded,' : undefined
  }
}
