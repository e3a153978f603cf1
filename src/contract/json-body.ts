import { GatewayError, type Problem } from '../kernel/errors.ts'
import { parseJson } from '../kernel/parse-json.ts'
import { MAX_BODY_DEPTH, MAX_OBJECT_KEYS } from './limits.ts'

/**
 * Parses a body as one JSON document in UTF-8. Malformed UTF-8 is refused rather than replaced: a replaced character would
 * silently make a wrong id. For the same reason a number that JavaScript would round becomes a text of its digits.
 *
 * @throws GatewayError `invalid_json`
 */
export function parseJsonBody(bytes: Buffer): unknown {
  const refuse = (found: string) => {
    throw new GatewayError('invalid_json', [{ at: 'body', found, expected: 'one JSON document in UTF-8' }])
  }
  if (bytes.length === 0) return refuse('nothing')
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return refuse('bytes that are not UTF-8')
  }
  try {
    return parseJson(text)
  } catch (error) {
    // Only the position is used: the rest of V8's message quotes the body.
    const position = /position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1]
    return refuse(position === undefined ? 'text that is not JSON' : `text that is not JSON from character ${position}`)
  }
}

/**
 * Checks an event for values that later steps can not process: too many levels or keys, keys that change a prototype,
 * numbers beyond 1.8e308. Returns undefined where there are none. Does not recurse. The problem's `at` is empty: the event
 * as a whole.
 *
 * @param outerLevels levels of lists and objects that contain the event
 */
export function shapeProblem(event: unknown, outerLevels: number): Problem | undefined {
  // Breadth first: memory is bounded by two lists of objects for any input.
  let level: unknown[] = [event]
  for (let depth = outerLevels; level.length > 0; depth++) {
    const next: unknown[] = []
    for (const value of level) {
      // JSON.parse reads 1e999 as Infinity, which JSON can not represent.
      if (typeof value === 'number' && !Number.isFinite(value))
        return { at: '', found: 'a number that is too large', expected: 'numbers below 1.8e308' }
      if (typeof value !== 'object' || value === null) continue
      if (depth === MAX_BODY_DEPTH)
        return {
          at: '',
          found: 'lists and objects that lie too deep in each other',
          expected: `at most ${MAX_BODY_DEPTH} levels`,
        }
      const key = Array.isArray(value) ? undefined : unsafeKey(value)
      if (key) return { at: '', found: `a key named ${key}`, expected: 'no such key' }
      if (!Array.isArray(value) && Object.keys(value).length > MAX_OBJECT_KEYS)
        return { at: '', found: 'an object with too many keys', expected: `at most ${MAX_OBJECT_KEYS} in one object` }
      for (const item of Array.isArray(value) ? value : Object.values(value))
        if (typeof item === 'object' || typeof item === 'number') next.push(item)
    }
    level = next
  }
  return undefined
}

/** Returns the key of an object that sets or changes a prototype when code copies the object key by key (CWE-1321). */
function unsafeKey(value: object): string | undefined {
  if (Object.hasOwn(value, '__proto__')) return '__proto__'
  if (!Object.hasOwn(value, 'constructor')) return undefined
  return hasPrototypeKey((value as { constructor: unknown }).constructor) ? 'constructor.prototype' : undefined
}

function hasPrototypeKey(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype')
}
