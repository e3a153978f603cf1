import { describeValue } from './errors.ts'

/** Anything that JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** A JSON object. */
export type JsonObject = { readonly [key: string]: Json }

/** True for a plain object: not null, not a list. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** How many levels of lists and objects a value has; stops counting at `limit` + 1, and so never recurses deeper. */
export function depthOf(value: unknown, limit: number): number {
  if (typeof value !== 'object' || value === null) return 0
  if (limit <= 0) return 1
  let deepest = 0
  for (const item of Array.isArray(value) ? value : Object.values(value)) {
    deepest = Math.max(deepest, depthOf(item, limit - 1))
    if (deepest > limit) break
  }
  return deepest + 1
}

/** A value inside a caller's object that JSON would lose: where it is, what it is, and what would do. */
export interface JsonLoss {
  readonly path: readonly (string | number)[]
  readonly found: string
  readonly expected: string
}

/** A list of NaN is told of so often. */
const MOST = 101

/**
 * Finds what `JSON.stringify` would lose without a word: NaN and Infinity become null, a date that is none too, and a Map
 * or a Set becomes an empty object. A BigInt, at which it throws, becomes a number, or beyond 2^53 its digits as text.
 *
 * `write` is called from a replacer, for each value in the order of the walk: the path is known only that way.
 */
export function createLossFinder() {
  const losses: JsonLoss[] = []
  /** The objects that the one which is being written lies in, with their keys. */
  const above: { readonly object: unknown; readonly key: string | number }[] = []
  return {
    losses,
    /** What is written for a value: itself, or null where it would be lost. */
    write(holder: unknown, key: string, item: unknown): unknown {
      while (above.length > 0 && above.at(-1)?.object !== holder) above.pop()
      if (typeof item === 'bigint') return asJson(item)
      const own = Array.isArray(holder) ? Number(key) : key
      const expected = expectedInPlaceOf(item, holder, key)
      if (expected === undefined) {
        if (typeof item === 'object' && item !== null) above.push({ object: item, key: own })
        return item
      }
      const path = above.length === 0 ? [] : [...above.slice(1).map((one) => one.key), own]
      if (losses.length < MOST) losses.push({ path, found: describe(item), expected })
      return null
    },
  }
}

function asJson(value: bigint): number | string {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : String(value)
}

function expectedInPlaceOf(item: unknown, holder: unknown, key: string): string | undefined {
  if (typeof item === 'number') return Number.isFinite(item) ? undefined : 'a finite number'
  if (item instanceof Map || item instanceof Set) return 'an object or a list'
  // A date that is none writes null.
  return item === null && (holder as Record<string, unknown>)[key] instanceof Date ? 'a valid date' : undefined
}

function describe(item: unknown): string {
  if (item === null) return 'a date that is none'
  return typeof item === 'number' ? describeValue(item) : `a ${item instanceof Map ? 'Map' : 'Set'}`
}
