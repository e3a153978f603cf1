import { createLossFinder, isObject, type Json, type JsonLoss } from '../kernel/json.ts'

/** A value as plain JSON, or why it can not become that; `found` describes it and quotes nothing. */
export type PlainJson =
  | { readonly value: Json; readonly losses: readonly JsonLoss[]; readonly bytes: number; readonly found?: never }
  | { readonly value?: never; readonly losses?: never; readonly bytes?: never; readonly found: string }

class TooMuch extends Error {}

/**
 * Copies anything into plain JSON, as `JSON.stringify` sees it. Whatever a caller's object does, this ends: getters and
 * `toJSON` may throw, lists may claim four billion items, and sixteen levels that share their parts may be a tree of
 * trillions, so what is written is counted while it is being written.
 *
 * A BigInt becomes a number, or beyond 2^53 its digits as text. What JSON would lose without a word is null in the copy
 * and listed in `losses`: NaN, Infinity, a date that is none, a Map or a Set.
 *
 * What a database or UTF-8 can not hold is mended, in keys as in values: U+0000 is taken out, because PostgreSQL can not
 * store it, and a half of a surrogate pair becomes U+FFFD. Keys named `__proto__` are left out.
 *
 * @param mostBytes of JSON; more is refused
 */
export function toPlainJson(given: unknown, mostBytes: number): PlainJson {
  const tooMuch: PlainJson = { found: `more than ${mostBytes} bytes` }
  const { losses, write } = createLossFinder()
  let written = 0
  let text: string | undefined
  try {
    text = JSON.stringify(given, function (this: unknown, key: string, item: unknown) {
      if (key === '__proto__') return undefined
      // One for whatever is there, the length of texts and names, and the commas of a list: it is longer as JSON.
      written += 1
      if (!Array.isArray(this)) written += key.length
      if (typeof item === 'string' || Array.isArray(item)) written += item.length
      if (written > mostBytes) throw new TooMuch()
      return typeof item === 'string' ? clean(item) : write(this, key, item)
    })
  } catch (error) {
    if (error instanceof TooMuch) return tooMuch
    // The stack ran out.
    if (error instanceof RangeError) return { found: 'lists and objects that lie too deep in each other' }
    return CAN_NOT_SAY
  }
  if (text === undefined) return CAN_NOT_SAY
  const bytes = Buffer.byteLength(text)
  if (bytes > mostBytes) return tooMuch
  const value = JSON.parse(text) as Json
  // A bad key is written as an escape; without any there is nothing to mend.
  return { value: /\\u(0000|d[89a-f])/.test(text) ? withCleanKeys(value) : value, losses, bytes }
}

const CAN_NOT_SAY: PlainJson = { found: 'something that JSON can not say' }

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
