import { GatewayError, type Problem } from '../kernel/errors.ts'
import { parseJson } from '../kernel/parse-json.ts'
import { MAX_BODY_DEPTH, MAX_OBJECT_KEYS } from './limits.ts'

/**
 * Reads a body as one JSON document in UTF-8. Broken UTF-8 is refused rather than replaced: a replaced character would
 * be a wrong id that nobody notices. For the same reason a number that JavaScript would round is read as its digits.
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
    // Only the position is told: the rest of V8's message quotes the body.
    const position = /position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1]
    return refuse(position === undefined ? 'text that is not JSON' : `text that is not JSON from character ${position}`)
  }
}

/**
 * Walks through an event, without recursion, and says what in it the code behind could stumble over, if anything.
 * `above` is how many levels it lies in already. The problem's `at` is empty: the event as a whole.
 */
export function shapeProblem(event: unknown, above: number): Problem | undefined {
  // One level after the other: what is kept is two lists of objects, whatever a caller makes up.
  let level: unknown[] = [event]
  for (let depth = above; level.length > 0; depth++) {
    const next: unknown[] = []
    for (const value of level) {
      // JSON.parse reads 1e999 as Infinity, which JSON can not write again.
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

/** A key that is harmless as parsed, and becomes or changes a prototype in whatever copies it key by key. */
function unsafeKey(value: object): string | undefined {
  if (Object.hasOwn(value, '__proto__')) return '__proto__'
  if (!Object.hasOwn(value, 'constructor')) return undefined
  return hasPrototypeKey((value as { constructor: unknown }).constructor) ? 'constructor.prototype' : undefined
}

function hasPrototypeKey(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype')
}
