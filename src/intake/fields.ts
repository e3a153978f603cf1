import { type AddProblem, describeValue } from '../kernel/errors.ts'
import { isObject } from '../kernel/json.ts'

/**
 * Fields of unknown input, such as an event or a silence of a caller. A problem says what kind of value was found and
 * never quotes it: it may be a secret or a patient.
 */

/** Most unknown keys of a silence or a matcher that are told. */
export const MAX_UNKNOWN = 20

const UNREADABLE = 'an object that can not be read'

/**
 * Reads a caller's object once: getters may throw, and may answer differently the second time. For what is no object, or
 * can not be read, says what it is.
 */
export function readObject<T>(given: unknown, read: (object: Readonly<Record<string, unknown>>) => T): T | string {
  try {
    return isObject(given) ? read(given) : describe(given)
  } catch {
    return UNREADABLE
  }
}

/** The start of a list, long enough to see that it is too long; anything else as it is. */
export function copyList(value: unknown, most: number): unknown {
  return Array.isArray(value) ? Array.from(value.slice(0, most + 1)) : value
}

/** Says what kind of value something is without quoting it. A proxy may refuse even that. */
export function describe(value: unknown): string {
  try {
    return describeValue(value)
  } catch {
    return UNREADABLE
  }
}

/** True for a field that is not there, or null. */
export function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null
}

/** The keys of an object that are not among those that are known. */
export function unknownKeys(given: object, known: readonly string[]): string[] {
  return Object.keys(given).filter((key) => !known.includes(key))
}

/** Where an unknown key is told: by its name where it looks like one; anything else may be a value in the wrong place. */
export function placeOfUnknown(name: string, around: string): string {
  if (!/^[A-Za-z_]{1,40}$/.test(name)) return around
  return around === '' ? name : `${around}.${name}`
}

/** One of a few words; undefined, and told, for anything else. */
export function checkOneOf<T extends string>(
  value: unknown,
  at: string,
  known: readonly T[],
  expected: string,
  addProblem: AddProblem,
): T | undefined {
  const one = known.find((word) => word === value)
  if (one === undefined) addProblem(at, describe(value), expected)
  return one
}

/** True for a list of 1 to `most`; told for anything else. `items` is what a list has too many of. */
export function checkList(
  value: unknown,
  at: string,
  { most, items, expected }: { readonly most: number; readonly items: string; readonly expected: string },
  addProblem: AddProblem,
): value is readonly unknown[] {
  const given = Array.isArray(value) && value.length > 0
  if (given && value.length <= most) return true
  addProblem(at, given ? `more than ${most} ${items}` : describe(value), `a list of 1 to ${most} ${expected}`)
  return false
}

/**
 * True for text that a record, a header and a terminal can show: of 1 to `most` characters, no blanks only, and no control
 * characters, which some readers of logs take for the end of a line, as they do the separators of Unicode.
 */
export function isShowable(value: unknown, most: number): value is string {
  return (
    typeof value === 'string' &&
    value.trim() !== '' &&
    value.length <= most &&
    !CONTROL_CHARACTER.test(value) &&
    value.isWellFormed()
  )
}

const CONTROL_CHARACTER = /[\p{Cc}\u2028\u2029]/u

/** What is asked for where {@link isShowable} says no. */
export function showableText(most: number): string {
  return `text of 1 to ${most} characters without control characters`
}

/** Text that {@link isShowable}; undefined, and told in detail, for anything else. */
export function checkText(value: unknown, at: string, most: number, addProblem: AddProblem): string | undefined {
  if (isShowable(value, most)) return value
  addProblem(at, whyNotShowable(value, most), showableText(most))
  return undefined
}

function whyNotShowable(value: unknown, most: number): string {
  if (typeof value !== 'string' || value === '') return describe(value)
  if (value.trim() === '') return 'blanks only'
  if (value.length > most) return describe(value)
  return value.isWellFormed() ? 'text with control characters' : 'text that is not Unicode'
}

/**
 * Whether a key of a caller's data looks like the name of a field: `birth_date`, `birthDate`, `phone-2`. Only then may it
 * be told to people: any other, such as `P123456789` or `Sara Alharbi`, may be a value that came to be a key.
 */
export function isFieldName(name: string): boolean {
  return /^[a-z][A-Za-z]*(?:[_-][A-Za-z]+)*(?:[_-]?\d{1,2})?$/.test(name) && name.length <= 41
}
