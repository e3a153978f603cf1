import { type Folded, fold, UNITS_PER_STEP } from '../../kernel/fold.ts'
import type { FoundIdentifier, IdentifierFinder } from './find-identifiers.ts'
import { createFinder, type Finder } from './find-values.ts'
import { HIDDEN, maskValue } from './mask.ts'

/** What becomes of a text. */
export type Hide = (text: string) => string

/** Shorter values of a text are not looked for in the others. */
const SHORTEST_QUOTED = 5

/**
 * Makes what takes patient data out of the texts of an event: identifiers that stand in them, and the given values, with
 * those that were found, wherever they are quoted. Takes a step after each {@link UNITS_PER_STEP}.
 *
 * `values` says of each whether nothing of it may be seen.
 */
export function createTextHider(findIdentifiers: IdentifierFinder) {
  return function* (values: ReadonlyMap<string, boolean>, texts: readonly string[]): Generator<void, Hide> {
    const looked = new Map<string, Looked>()
    const all = new Map(values)
    const pieces = createPieces()
    for (const text of texts) {
      if (looked.has(text)) continue
      const folded = yield* fold(text)
      const identifiers = findIdentifiers(text, folded)
      looked.set(text, { folded, identifiers })
      for (const { start, end, whole, quotable } of identifiers)
        if (quotable && end - start >= SHORTEST_QUOTED) all.set(text.slice(start, end), whole)
      if (pieces.isFull(text)) yield
    }
    const find = createFinder(all.keys())
    const hidden = new Map<string, string>()
    for (const [text, { folded, identifiers }] of looked) {
      if (!find && identifiers.length === 0) continue
      const found = find ? yield* stretchesOf(find, text, folded, all) : []
      hidden.set(text, without(text, [...found, ...identifiers.map((one) => asStretch(one, text))]))
      if (pieces.isFull(text)) yield
    }
    return (text) => hidden.get(text) ?? (looked.has(text) ? text : HIDDEN)
  }
}

interface Looked {
  readonly folded: Folded
  readonly identifiers: readonly FoundIdentifier[]
}

/** A stretch of a text, and what stands in its place. */
interface Stretch {
  readonly start: number
  readonly end: number
  readonly mask: string
}

function* stretchesOf(
  find: Finder,
  text: string,
  folded: Folded,
  values: ReadonlyMap<string, boolean>,
): Generator<void, Stretch[]> {
  const found = yield* find(text, folded)
  return found.map(({ start, end, value }) => ({
    start,
    end,
    mask: value === undefined || values.get(value) ? HIDDEN : maskValue(value),
  }))
}

function asStretch({ start, end, whole }: FoundIdentifier, text: string): Stretch {
  return { start, end, mask: whole ? HIDDEN : maskValue(text.slice(start, end)) }
}

/** The text with masks in the place of the stretches; those that overlap are one, of which nothing is seen. */
function without(text: string, stretches: readonly Stretch[]): string {
  if (stretches.length === 0) return text
  const joined: Stretch[] = []
  for (const next of stretches.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    const last = joined.at(-1)
    if (last === undefined || next.start >= last.end) joined.push(next)
    else if (next.end > last.end) joined[joined.length - 1] = { start: last.start, end: next.end, mask: HIDDEN }
    else if (next.end < last.end && next.mask !== last.mask) joined[joined.length - 1] = { ...last, mask: HIDDEN }
  }
  let hidden = ''
  let at = 0
  for (const { start, end, mask } of joined) {
    hidden += text.slice(at, start) + mask
    at = end
  }
  return hidden + text.slice(at)
}

/** Counts short texts together: a long one has steps of its own. */
function createPieces() {
  let since = 0
  return {
    isFull(text: string): boolean {
      since += text.length
      if (since < UNITS_PER_STEP) return false
      since = 0
      return true
    },
  }
}
