import { isObject, type Json, type JsonObject } from '../../kernel/json.ts'
import { isFieldName } from '../fields.ts'

/** The mask that hides all of a value. */
export const HIDDEN = '••••'

/** Masks a value: its first and its last four characters stay. Of a value under 8 characters nothing stays. */
export function maskValue(value: string): string {
  const letters = [...value.trim()]
  if (letters.length < 8) return HIDDEN
  return `${letters[0]}${HIDDEN}${letters.slice(-4).join('')}`
}

/** Masks every value inside patient data, and every key that does not look like a field name. */
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

/** Makes an object; equal keys, as after masking, get a number, so that no value is lost. */
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
