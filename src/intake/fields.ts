import { type AddProblem, describeValue } from '../kernel/errors.ts'
import { isObject } from '../kernel/json.ts'

// Checks of untrusted fields, such as those of a caller's event or silence. A problem describes the kind of a value and
// never quotes it: it may be a secret or patient data.

/** Maximum number of unknown keys reported per silence or matcher. */
export const MAX_UNKNOWN = 20

const UNREADABLE = 'an object that can not be read'

/**
 * Reads a caller's object once, since getters may throw or return another value the second time. Returns a description
 * for a value that is no object or can not be read.
 */
export function readObject<T>(given: unknown, read: (object: Readonly<Record<string, unknown>>) => T): T | string {
  try {
    return isObject(given) ? read(given) : describe(given)
  } catch {
    return UNREADABLE
  }
}

/** Copies a list up to one item more than the limit, so that the check finds it too long. Other values are returned unchanged. */
export function copyList(value: unknown, max: number): unknown {
  return Array.isArray(value) ? Array.from(value.slice(0, max + 1)) : value
}

/** Describes the kind of a value without quoting it. A proxy may throw even then. */
export function describe(value: unknown): string {
  try {
    return describeValue(value)
  } catch {
    return UNREADABLE
  }
}

/** True for undefined and null. */
export function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null
}

/** The keys of an object that are not in `known`. */
export function unknownKeys(given: object, known: readonly string[]): string[] {
  return Object.keys(given).filter((key) => !known.includes(key))
}

/** The place to report an unknown key at. It is named where it looks like a field name; another key may be a misplaced value. */
export function placeOfUnknown(name: string, parent: string): string {
  if (!/^[A-Za-z_]{1,40}$/.test(name)) return parent
  return parent === '' ? name : `${parent}.${name}`
}

/** One of the known values; undefined for another value, after reporting it. */
export function checkOneOf<T extends string>(
  value: unknown,
  at: string,
  known: readonly T[],
  expected: string,
  addProblem: AddProblem,
): T | undefined {
  const found = known.find((candidate) => candidate === value)
  if (found === undefined) addProblem(at, describe(value), expected)
  return found
}

/** True for a list of 1 to `max` items; false after reporting another value. `items` names them in the problem. */
export function checkList(
  value: unknown,
  at: string,
  { max, items, expected }: { readonly max: number; readonly items: string; readonly expected: string },
  addProblem: AddProblem,
): value is readonly unknown[] {
  const given = Array.isArray(value) && value.length > 0
  if (given && value.length <= max) return true
  addProblem(at, given ? `more than ${max} ${items}` : describe(value), `a list of 1 to ${max} ${expected}`)
  return false
}

/**
 * True for text that a record, a header and a terminal can show: 1 to `max` characters, not only blanks, well-formed, and
 * without control characters and Unicode line separators, which some log readers treat as the end of a line.
 */
export function isShowable(value: unknown, max: number): value is string {
  return (
    typeof value === 'string' &&
    value.trim() !== '' &&
    value.length <= max &&
    !CONTROL_CHARACTER.test(value) &&
    value.isWellFormed()
  )
}

const CONTROL_CHARACTER = /[\p{Cc}\u2028\u2029]/u

/** The expected value in a problem of {@link isShowable}. */
export function showableText(max: number): string {
  return `text of 1 to ${max} characters without control characters`
}

/** Text that {@link isShowable}; undefined for another value, after reporting why. */
export function checkText(value: unknown, at: string, max: number, addProblem: AddProblem): string | undefined {
  if (isShowable(value, max)) return value
  addProblem(at, whyNotShowable(value, max), showableText(max))
  return undefined
}

function whyNotShowable(value: unknown, max: number): string {
  if (typeof value !== 'string' || value === '') return describe(value)
  if (value.trim() === '') return 'blanks only'
  if (value.length > max) return describe(value)
  return value.isWellFormed() ? 'text with control characters' : 'text that is not Unicode'
}

/**
 * True for a key that looks like a field name: `birth_date`, `birthDate`, `phone-2`. Other keys, such as `P123456789` or
 * `Sara Alharbi`, may be values used as keys, and must not be shown.
 */
export function isFieldName(name: string): boolean {
  return /^[a-z][A-Za-z]*(?:[_-][A-Za-z]+)*(?:[_-]?\d{1,2})?$/.test(name) && name.length <= 41
}
