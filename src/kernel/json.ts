import { describeValue } from './errors.ts'

/** A JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** A JSON object. */
export type JsonObject = { readonly [key: string]: Json }

/** True for a plain object: not null, not a list. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Counts the levels of lists and objects of a value. Stops at `limit` + 1, and so never recurses deeper. */
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

/** A value inside a caller's object that `JSON.stringify` would lose, with its path and the expected type. */
export interface JsonLoss {
  readonly path: readonly (string | number)[]
  readonly found: string
  readonly expected: string
}

/** Most losses that are recorded for one object: one more than the problems of one event, so that the answer says "more". */
const MAX_LOSSES = 101

/**
 * Finds the values that `JSON.stringify` would lose silently: NaN, Infinity and an invalid Date become null, a Map or a
 * Set becomes an empty object. A BigInt, at which `JSON.stringify` throws, becomes a number, or beyond 2^53 its digits as
 * text.
 *
 * `write` is called from a replacer function, for each value in the order of the walk: the only way to know the path.
 */
export function createLossFinder() {
  const losses: JsonLoss[] = []
  /** The lists and objects that contain the current value, outermost first, each with its own key. */
  const ancestors: { readonly object: unknown; readonly key: string | number }[] = []
  return {
    losses,
    /** Returns the value to write: `item`, or null where it would be lost. */
    write(holder: unknown, key: string, item: unknown): unknown {
      while (ancestors.length > 0 && ancestors.at(-1)?.object !== holder) ancestors.pop()
      if (typeof item === 'bigint') return asJson(item)
      const keyOrIndex = Array.isArray(holder) ? Number(key) : key
      const expected = expectedInPlaceOf(item, holder, key)
      if (expected === undefined) {
        if (typeof item === 'object' && item !== null) ancestors.push({ object: item, key: keyOrIndex })
        return item
      }
      const path = ancestors.length === 0 ? [] : [...ancestors.slice(1).map((ancestor) => ancestor.key), keyOrIndex]
      if (losses.length < MAX_LOSSES) losses.push({ path, found: describe(item), expected })
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
  // An invalid Date has been written as null by its toJSON before the replacer sees it.
  return item === null && (holder as Record<string, unknown>)[key] instanceof Date ? 'a valid date' : undefined
}

function describe(item: unknown): string {
  if (item === null) return 'a date that is none'
  return typeof item === 'number' ? describeValue(item) : `a ${item instanceof Map ? 'Map' : 'Set'}`
}
