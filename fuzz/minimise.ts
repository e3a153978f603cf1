import type { Json } from '../src/kernel/json.ts'
import { type Failure, failureOf } from './failure.ts'
import { parsed } from './mutate/body.ts'
import { spotsOf, withSpot } from './mutate/json.ts'
import type { OpenTarget } from './target.ts'

/** Most runs for one input. */
const MAX_RUNS = 400
/** And the longest time: the next failure is worth more than the last byte. */
const MAX_MINIMISE_MS = 5_000

/** The same failure (the same property) with an input as small as can be found quickly. */
export async function minimised(failure: Failure, open: OpenTarget): Promise<Failure> {
  if (failure.property === 'steps') return failure
  let best = failure
  let runs = 0
  const since = performance.now()
  const spent = () => runs >= MAX_RUNS || performance.now() - since > MAX_MINIMISE_MS
  const attempt = async (input: Buffer): Promise<boolean> => {
    if (input.length >= best.input.length || spent()) return false
    runs += 1
    try {
      await open.run(input, failure.thorough)
      return false
    } catch (error) {
      const found = failureOf(error, input, failure.thorough)
      if (found.property !== failure.property) return false
      best = found
      return true
    }
  }
  for (let smaller = true; smaller && !spent(); ) {
    const input = Buffer.from(best.input)
    const value = parsed(input)
    smaller =
      (value !== undefined && (await shrinkJson(value, attempt))) ||
      (await shrinkBytes(input, attempt, value === undefined))
  }
  return best
}

type Attempt = (input: Buffer) => Promise<boolean>

/** Takes a part of the document out, puts a part in the place of the whole, halves a text, or makes a number 0. */
async function shrinkJson(value: Json, attempt: Attempt): Promise<boolean> {
  const put = (changed: Json | undefined) => attempt(Buffer.from(JSON.stringify(changed ?? null)))
  for (const spot of spotsOf(value)) {
    if (spot.path.length > 0 && (await put(withSpot(value, spot.path, undefined)))) return true
    if (typeof spot.value === 'string' && spot.value.length > 1) {
      const half = spot.value.length >> 1
      if (await put(withSpot(value, spot.path, spot.value.slice(0, half)))) return true
      if (await put(withSpot(value, spot.path, spot.value.slice(half)))) return true
    }
    if (typeof spot.value === 'number' && spot.value !== 0) if (await put(withSpot(value, spot.path, 0))) return true
    if (Array.isArray(spot.value) && spot.value.length > 1)
      if (await put(withSpot(value, spot.path, spot.value.slice(0, spot.value.length >> 1) as Json))) return true
  }
  return false
}

/** Takes pieces of bytes out, the larger ones first. */
async function shrinkBytes(input: Buffer, attempt: Attempt, wanted: boolean): Promise<boolean> {
  if (!wanted) return false
  for (let size = input.length >> 1; size >= 1; size >>= 1)
    for (let at = 0; at + size <= input.length; at += size)
      if (await attempt(Buffer.concat([input.subarray(0, at), input.subarray(at + size)]))) return true
  return false
}
