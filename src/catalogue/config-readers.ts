import { isObject } from '../kernel/json.ts'

// Readers of the unchecked configuration, for checks that compare several entries. Values that the schema refuses are
// skipped, so that all problems are reported at once, each one once.

/** Returns the entries of a section, with an empty object for an invalid entry; none for an invalid section. */
export function entries(input: unknown, section: string): [string, Record<string, unknown>][] {
  const value = isObject(input) ? input[section] : undefined
  return isObject(value) ? Object.entries(value).map(([key, entry]) => [key, isObject(entry) ? entry : {}]) : []
}

/** Returns the texts of a list, with an empty text for any other item; none where the value is no list. */
export function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.map((item) => (typeof item === 'string' ? item : '')) : []
}
