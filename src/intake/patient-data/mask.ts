import { isObject, type Json, type JsonObject } from '../../kernel/json.ts'
import { isFieldName } from '../fields.ts'

/** What stands where nothing of a value may be seen. */
export const HIDDEN = '••••'

/** What is left of a value: its first character and its last four, where enough stays hidden; else nothing of it. */
export function maskValue(value: string): string {
  const letters = [...value.trim()]
  if (letters.length < 8) return HIDDEN
  return `${letters[0]}${HIDDEN}${letters.slice(-4).join('')}`
}

/** Inside patient data every value is one, and so is every key that does not look like the name of a field. */
export function maskAll(
  value: Json,
  hide: (text: string) => string = (text) => text,
  mask: (value: string) => string = maskValue,
): Json {
  if (value === null) return value
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => maskAll(item, hide, mask))
  if (isObject(value))
    return withUniqueKeys(
      (Object.entries(value) as [string, Json][]).map(([name, item]) => [
        isFieldName(name) ? hide(name) : mask(name),
        maskAll(item, hide, mask),
      ]),
    )
  return mask(String(value))
}

/** Two keys may look alike once they are masked; what stands under both is kept. */
export function withUniqueKeys(entries: readonly (readonly [string, Json])[]): JsonObject {
  const taken = new Map<string, Json>()
  const times = new Map<string, number>()
  for (const [name, value] of entries) {
    let key = name
    while (taken.has(key)) {
      const nth = (times.get(name) ?? 1) + 1
      times.set(name, nth)
      key = `${name} (${nth})`
    }
    taken.set(key, value)
  }
  return Object.fromEntries(taken)
}
