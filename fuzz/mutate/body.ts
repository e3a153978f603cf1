import type { Json } from '../../src/kernel/json.ts'
import type { Random } from '../random.ts'
import { MAX_INPUT_BYTES, mutateBytes } from './bytes.ts'
import { mutateJson } from './json.ts'

/** Changes a JSON document: mostly what it says, now and then its bytes. One to five changes at once. */
export function mutateBody(input: Buffer, other: Buffer, random: Random, words: readonly string[]): Buffer {
  let bytes = input
  const value = parsed(input)
  const inBytes = value === undefined || random.oneIn(8)
  if (value !== undefined) {
    let changed = value
    for (let n = 1 + random.whole(random.oneIn(3) ? 5 : 2); n > 0; n--)
      changed = mutateJson(changed, parsed(other), random, words)
    const text = JSON.stringify(changed)
    bytes = Buffer.from(random.oneIn(6) ? withLongNumber(text, random) : text)
  }
  if (inBytes) bytes = mutateBytes(bytes, other, random)
  return bytes.length > MAX_INPUT_BYTES ? bytes.subarray(0, MAX_INPUT_BYTES) : bytes
}

/** A JSON document of a sensible depth; undefined for anything else. */
export function parsed(input: Buffer): Json | undefined {
  try {
    return JSON.parse(input.toString()) as Json
  } catch {
    return undefined
  }
}

/** A value of a JSON text that a number may stand in place of: short text without escapes, or a number. */
const VALUE = /(?<=[:[,])(?:"[^"\\]{0,60}"|-?\d[\d.eE+-]{0,30})(?=[,\]}])/g

/** A number with more digits than a double holds. The text alone says which: JavaScript has no value for it. */
function longNumber(random: Random): string {
  const digits = Array.from({ length: random.pick([17, 18, 20, 22, 40]) }, () => 1 + random.whole(9)).join('')
  return random.oneIn(6) ? `${digits}.5` : digits
}

/** A JSON text in which one number is too long, in one place or in several: an id likes to be quoted. */
function withLongNumber(text: string, random: Random): string {
  const number = longNumber(random)
  const values = [...text.slice(0, 50_000).matchAll(VALUE)]
  if (values.length === 0) return text
  const into = random.pick(values)
  const quoted = random.oneIn(2) ? random.pick(values) : undefined
  let changed = ''
  let from = 0
  for (const value of values) {
    if (value !== into && value !== quoted) continue
    changed += text.slice(from, value.index) + (value === into ? number : `"no ${number} here"`)
    from = value.index + value[0].length
  }
  return changed + text.slice(from)
}
