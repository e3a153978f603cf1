import { isObject } from '../kernel/json.ts'
import { nearestName } from '../kernel/nearest.ts'

// How the checks that look at several entries at once read the unchecked configuration: what the schema complains of
// is passed over, so that every problem is told in one go, and once.

/** The entries of a section, each an object; none where the section is of another form. */
export function entries(input: unknown, section: string): [string, Record<string, unknown>][] {
  const value = isObject(input) ? input[section] : undefined
  return isObject(value) ? Object.entries(value).map(([key, entry]) => [key, isObject(entry) ? entry : {}]) : []
}

/** The texts of a list, with an empty one for whatever is none. */
export function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.map((item) => (typeof item === 'string' ? item : '')) : []
}

/** What was expected where one of some names had to stand. */
export function oneOf(names: readonly string[], given: string): string {
  const near = nearestName(names, given)
  return `one of: ${names.join(', ')}${near ? `; perhaps ${near}` : ''}`
}
