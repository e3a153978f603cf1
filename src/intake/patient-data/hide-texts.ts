import { type Folded, fold, UNITS_PER_STEP } from '../../kernel/fold.ts'
import type { FoundIdentifier, IdentifierFinder } from './find-identifiers.ts'
import { createFinder, type Finder } from './find-values.ts'
import { HIDDEN, maskValue } from './mask.ts'

/** Replaces patient data in a text by masks. */
export type Hide = (text: string) => string

/** Shorter identifiers of one text are not searched in the others. */
const MIN_QUOTED_LENGTH = 5

/**
 * Makes a function that masks patient data in the texts of an event: identifiers inside them, and every quote of these
 * identifiers and of the given values. It yields after each {@link UNITS_PER_STEP}. `values` maps each value to whether
 * the mask must hide all of it.
 */
export function createTextHider(findIdentifiers: IdentifierFinder) {
  return function* (values: ReadonlyMap<string, boolean>, texts: readonly string[]): Generator<void, Hide> {
    const searched = new Map<string, SearchedText>()
    const all = new Map(values)
    const step = createStepCounter()
    for (const text of texts) {
      if (searched.has(text)) continue
      const folded = yield* fold(text)
      const identifiers = findIdentifiers(text, folded)
      searched.set(text, { folded, identifiers })
      for (const { start, end, isHiddenWhole, isQuotable } of identifiers)
        if (isQuotable && end - start >= MIN_QUOTED_LENGTH) all.set(text.slice(start, end), isHiddenWhole)
      if (step.isFull(text)) yield
    }
    const find = createFinder(all.keys())
    const hidden = new Map<string, string>()
    for (const [text, { folded, identifiers }] of searched) {
      if (!find && identifiers.length === 0) continue
      const found = find ? yield* stretchesOf(find, text, folded, all) : []
      const masked = withMasks(text, [...found, ...identifiers.map((identifier) => asStretch(identifier, text))])
      hidden.set(text, find && masked !== text ? yield* withoutRemains(find, masked, all) : masked)
      if (step.isFull(text)) yield
    }
    return (text) => hidden.get(text) ?? (searched.has(text) ? text : HIDDEN)
  }
}

interface SearchedText {
  readonly folded: Folded
  readonly identifiers: readonly FoundIdentifier[]
}

/** A stretch of a text and the mask that replaces it. */
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

/** More searches of one text than honest texts need. */
const MOST_SEARCHES = 4

/**
 * Searches a masked text again: a value that is written in the midst of itself leaves its two halves beside the mask, and a
 * reader joins them. A text in which each search uncovers another one is hidden whole.
 */
function* withoutRemains(find: Finder, masked: string, values: ReadonlyMap<string, boolean>): Generator<void, string> {
  let text = masked
  for (let search = 0; search < MOST_SEARCHES; search++) {
    const next = withMasks(text, yield* stretchesOf(find, text, yield* fold(text), values))
    // The mask of a value that was sent masked is found again, and is its own mask.
    if (next === text) return text
    text = next
  }
  return HIDDEN
}

function asStretch({ start, end, isHiddenWhole }: FoundIdentifier, text: string): Stretch {
  return { start, end, mask: isHiddenWhole ? HIDDEN : maskValue(text.slice(start, end)) }
}

/** Replaces stretches by their masks; overlapping ones are joined under one mask that hides all. */
function withMasks(text: string, stretches: readonly Stretch[]): string {
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

/** Counts the length of short texts up to one step; `fold` yields within a long text. */
function createStepCounter() {
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
