import type { Json } from '../../src/kernel/json.ts'
import type { Random } from '../random.ts'
import { LARGEST, mutateBytes } from './bytes.ts'
import { mutateJson } from './json.ts'
import { withLongNumber } from './long-numbers.ts'

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
  return bytes.length > LARGEST ? bytes.subarray(0, LARGEST) : bytes
}

/** A JSON document of a sensible depth; undefined for anything else. */
export function parsed(input: Buffer): Json | undefined {
  try {
    return JSON.parse(input.toString()) as Json
  } catch {
    return undefined
  }
}
