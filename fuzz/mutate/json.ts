import type { Json } from '../../src/kernel/json.ts'
import { isObject } from '../../src/kernel/json.ts'
import type { Random } from '../random.ts'
import { anyText, disguised, isMarked, markedId, NUMBERS } from './texts.ts'

/** A place in a JSON value. */
interface Spot {
  readonly value: Json
  readonly path: readonly (string | number)[]
}

/** Places beyond this many are not looked for: one of the first thousand is as good as one of a million. */
const MAX_SPOTS = 1_000

/** Every place of a value, the whole first. */
export function spotsOf(value: Json): Spot[] {
  const spots: Spot[] = [{ value, path: [] }]
  for (let i = 0; i < spots.length && spots.length < MAX_SPOTS; i++) {
    const spot = spots[i] as Spot
    if (Array.isArray(spot.value))
      for (const [index, item] of (spot.value as readonly Json[]).entries())
        spots.push({ value: item, path: [...spot.path, index] })
    else if (isObject(spot.value))
      for (const [key, item] of Object.entries(spot.value) as [string, Json][])
        spots.push({ value: item, path: [...spot.path, key] })
  }
  return spots
}

/** The value with something else at a place; undefined takes the place out. */
export function withSpot(value: Json, [part, ...rest]: Spot['path'], to: Json | undefined): Json | undefined {
  if (part === undefined) return to
  if (Array.isArray(value))
    return (value as readonly Json[]).flatMap((item, i) => (i === part ? (withSpot(item, rest, to) ?? []) : [item]))
  if (!isObject(value)) return value
  return Object.fromEntries(
    (Object.entries(value) as [string, Json][]).flatMap(([key, item]): [string, Json][] => {
      if (key !== part) return [[key, item]]
      const changed = withSpot(item, rest, to)
      return changed === undefined ? [] : [[key, changed]]
    }),
  )
}

/** The value with one key of an object called otherwise. */
function withKey(value: Json, path: Spot['path'], key: string): Json {
  const parent = path.slice(0, -1)
  const spot = spotsOf(value).find(
    (one) => one.path.length === parent.length && one.path.every((p, i) => p === parent[i]),
  )
  if (!spot || !isObject(spot.value)) return value
  const old = path.at(-1)
  const renamed = Object.fromEntries(Object.entries(spot.value).map(([k, v]) => [k === old ? key : k, v as Json]))
  return withSpot(value, parent, renamed) ?? value
}

/**
 * Changes a JSON value where it is: one place of it is replaced, taken out, doubled, nested, filled with something of
 * another input, or given a key of the dictionary. A marked value of the input likes to turn up elsewhere in it, in
 * disguise: that is how patient data get out.
 */
export function mutateJson(value: Json, other: Json | undefined, random: Random, words: readonly string[]): Json {
  const spots = spotsOf(value)
  // A change in a text mostly leaves the whole valid, which lets it get further than one that breaks it.
  const texts = spots.filter((one) => typeof one.value === 'string')
  const spot = random.pick(texts.length > 0 && random.oneIn(2) ? texts : spots)
  const marked = spots.flatMap((one) => (typeof one.value === 'string' && isMarked(one.value) ? [one.value] : []))
  const put = (to: Json | undefined) => withSpot(value, spot.path, to) ?? null
  switch (random.whole(12)) {
    case 0:
      return put(undefined)
    case 1:
      return put(anyJson(random, words))
    case 2:
      return put([spot.value, spot.value])
    case 3:
      return put({ [anyText(random, words)]: spot.value })
    case 4:
      return other === undefined ? put(null) : put(random.pick(spotsOf(other)).value)
    case 5:
      return put(random.pick(spots).value)
    case 6: {
      if (typeof spot.path.at(-1) !== 'string') return put(markedId(random))
      const isPatient = marked.length > 0 && random.oneIn(2)
      return withKey(value, spot.path, isPatient ? disguised(random.pick(marked), random) : anyText(random, words))
    }
    case 7:
    case 8:
      return put(
        marked.length === 0 ? markedId(random) : inside(spot.value, disguised(random.pick(marked), random), random),
      )
    case 9:
      return grown(value, spot, random, words)
    case 10:
      return put(
        typeof spot.value === 'string' ? inside(spot.value, anyText(random, words), random) : anyText(random, words),
      )
    default:
      return isObject(spot.value)
        ? put({ ...(spot.value as object), [random.pick(words)]: anyJson(random, words) })
        : put(anyText(random, words))
  }
}

/** A text with something put into it; for anything else, that something. */
function inside(value: Json, piece: string, random: Random): string {
  if (typeof value !== 'string') return piece
  const at = random.whole(value.length + 1)
  return value.slice(0, at) + piece + value.slice(at)
}

/** Longest text that growing makes: more than any request may have. */
const MAX_GROWN_CHARACTERS = 6_000_000

/** A list with many items, an object with many keys, or a long text. */
function grown(value: Json, spot: Spot, random: Random, words: readonly string[]): Json {
  const times = random.pick([3, 20, 150, 1_001])
  const put = (to: Json) => withSpot(value, spot.path, to) ?? null
  if (Array.isArray(spot.value)) {
    const items = spot.value as readonly Json[]
    return put(Array.from({ length: times }, (_, i) => items[i % Math.max(1, items.length)] ?? null))
  }
  if (isObject(spot.value)) {
    const added = Array.from({ length: Math.min(times, 150) }, (_, i) => [`${random.pick(words)}_${i}`, i])
    return put({ ...(spot.value as object), ...Object.fromEntries(added) })
  }
  if (typeof spot.value !== 'string') return put([spot.value])
  // A text that grows at each of several mutations would pass the longest string that there is.
  const most = Math.floor(MAX_GROWN_CHARACTERS / Math.max(1, spot.value.length))
  return put(spot.value.repeat(Math.max(1, Math.min(times, 200, most))))
}

/** Any small value. */
function anyJson(random: Random, words: readonly string[]): Json {
  switch (random.whole(8)) {
    case 0:
      return random.pick(NUMBERS)
    case 1:
      return random.oneIn(2)
    case 2:
      return random.pick([null, [], {}, [[]], ''])
    case 3:
      return Array.from({ length: random.whole(4) }, () => anyText(random, words))
    case 4:
      return { [random.pick(words)]: anyText(random, words), [anyText(random, words)]: random.pick(NUMBERS) }
    default:
      return anyText(random, words)
  }
}
