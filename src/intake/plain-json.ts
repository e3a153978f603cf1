import { createLossFinder, isObject, type Json, type JsonLoss } from '../kernel/json.ts'

/** A value as plain JSON, or a description of why it can not be converted, which quotes nothing. */
export type PlainJson =
  | { readonly value: Json; readonly losses: readonly JsonLoss[]; readonly bytes: number; readonly found?: never }
  | { readonly value?: never; readonly losses?: never; readonly bytes?: never; readonly found: string }

class TooMuch extends Error {}

/**
 * Copies a value into plain JSON, as `JSON.stringify` does. Ends for hostile objects too, because the output is counted
 * while it is written: getters and `toJSON` may throw, lists may claim four billion items, and sixteen levels with shared
 * parts may expand to trillions of nodes.
 *
 * A BigInt becomes a number, or beyond 2^53 its digits as text. Values that JSON drops silently (NaN, Infinity, an invalid
 * Date, a Map, a Set) are null in the copy and listed in `losses`.
 *
 * Text that PostgreSQL or UTF-8 can not store is mended, in keys and values: U+0000 is removed, a lone surrogate becomes
 * U+FFFD. Keys named `__proto__` are left out.
 *
 * @param maxBytes size limit of the JSON
 */
export function toPlainJson(given: unknown, maxBytes: number): PlainJson {
  const tooMuch: PlainJson = { found: `more than ${maxBytes} bytes` }
  const { losses, write } = createLossFinder()
  let written = 0
  let text: string | undefined
  try {
    text = JSON.stringify(given, function (this: unknown, key: string, item: unknown) {
      if (key === '__proto__') return undefined
      // A lower bound of the JSON's length: one per value, the length of texts and names, and the commas of a list.
      written += 1
      if (!Array.isArray(this)) written += key.length
      if (typeof item === 'string' || Array.isArray(item)) written += item.length
      if (written > maxBytes) throw new TooMuch()
      return typeof item === 'string' ? clean(item) : write(this, key, item)
    })
  } catch (error) {
    if (error instanceof TooMuch) return tooMuch
    // Stack overflow.
    if (error instanceof RangeError) return { found: 'lists and objects that lie too deep in each other' }
    return NOT_JSON
  }
  if (text === undefined) return NOT_JSON
  const bytes = Buffer.byteLength(text)
  if (bytes > maxBytes) return tooMuch
  const value = JSON.parse(text) as Json
  // JSON.stringify escapes a bad key; without an escape, no key needs mending.
  return { value: /\\u(0000|d[89a-f])/.test(text) ? withCleanKeys(value) : value, losses, bytes }
}

const NOT_JSON: PlainJson = { found: 'something that JSON can not say' }

function clean(text: string): string {
  return text.replaceAll('\u0000', '').toWellFormed()
}

function withCleanKeys(value: Json): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map(withCleanKeys)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, item]): [string, Json] => [clean(key), withCleanKeys(item as Json)])
      .filter(([key]) => key !== '__proto__'),
  )
}
