import { surelyFits, teamsBytesOfJson } from '../contract/card-size.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { RenderedCard } from './rendered-card.ts'

/** How much of an event a card shows. `Number.POSITIVE_INFINITY` where there is no limit. */
export interface Limits {
  /** Longest text, in UTF-16 units. */
  readonly text: number
  /** Longest title, event type and correlation id; unlimited but for a card that has no room for anything else. */
  readonly ids: number
  /** Most items of a list. */
  readonly list: number
  /** Most rows of a fact set. */
  readonly facts: number
  /** How much text, roughly, may be prepared at all: beyond it the card can not fit, and no work is done for it. */
  readonly total: number
}

/** Everything, however long. */
export const NO_LIMITS: Limits = {
  text: Number.POSITIVE_INFINITY,
  ids: Number.POSITIVE_INFINITY,
  list: Number.POSITIVE_INFINITY,
  facts: Number.POSITIVE_INFINITY,
  total: Number.POSITIVE_INFINITY,
}

/** One way to draw a card, from the whole of it down to the least. */
export interface Draft {
  readonly step: RenderedCard['shrunk']
  readonly limits: Limits
  /** Whether the buttons are still there; only `minimal` does without. */
  readonly buttons: boolean
  /** Whether people are still mentioned and notes written out; only the least of `minimal` says both in a word. */
  readonly note: boolean
}

/** Draws a card within limits; undefined where that is certain to be too large, so that nobody draws it in vain. */
export type Draw = (draft: Draft) => JsonObject | undefined

const TEXTS = [16_000, 11_000, 8_000, 5_600, 4_000, 2_800, 2_000, 1_400, 1_000, 700, 500, 350, 250]
const LISTS = [600, 450, 340, 260, 200, 150, 110, 80, 60, 45, 34, 26, 20, 15, 10, 6, 3, 1]
const FACTS = [10, 7, 5, 3, 1, 0]
const LEAST = [400, 250, 150, 100, 70, 50, 35, 24, 16, 8]

/** The longest text, list and set of facts that the step after may start from. */
const SHORTEST = 250
const FEWEST = 1

/**
 * The drafts by step, each list from the largest to the smallest, made as they are asked for: most cards fit whole. A step cuts what the steps before it have cut
 * already as far as they go: long texts first, because their start says most; then lists, whose rest can be counted;
 * then facts, of which templates put the most important first.
 */
function* draftsFor(maxBytes: number): Generator<readonly Draft[], void> {
  // A card holds more than its texts, and a character takes a byte at least: beyond this there is nothing to try.
  const total = maxBytes * 2
  const draft = (step: Draft['step'], limits: Partial<Limits>): Draft => ({
    step,
    limits: { ...NO_LIMITS, total, ...limits },
    buttons: true,
    note: true,
  })
  yield [draft('whole', {})]
  yield TEXTS.map((text) => draft('long_text_cut', { text }))
  yield LISTS.map((list) => draft('lists_cut', { text: SHORTEST, list }))
  yield FACTS.map((facts) => draft('facts_cut', { text: SHORTEST / 2, list: FEWEST, facts }))
  yield [draft('minimal', { text: 400 }), ...LEAST.map((text) => ({ ...draft('minimal', { text }), buttons: false }))]
  yield LEAST.map((text) => ({ ...draft('minimal', { text }), buttons: false, note: false }))
  yield LEAST.map((ids) => ({ ...draft('minimal', { text: ids, ids }), buttons: false, note: false }))
}

/**
 * The fullest card that fits into `maxBytes`, cut in the fixed order of `SHRINK_STEPS`. The same input gives the same
 * card. Only when not even the smallest draft fits, which takes a limit below any that can be set, is that one given.
 */
export function fitted(draw: Draw, maxBytes: number): RenderedCard {
  let smallest: RenderedCard | undefined
  const attempt = (draft: Draft): RenderedCard | undefined => {
    const card = draw(draft)
    if (card === undefined) return undefined
    const drawn = rendered(card, draft.step)
    if (surelyFits(drawn.json, maxBytes)) return drawn
    if (smallest === undefined || drawn.bytes < smallest.bytes) smallest = drawn
    return drawn.bytes <= maxBytes ? drawn : undefined
  }
  for (const drafts of draftsFor(maxBytes)) {
    const found = largestThatFits(drafts, attempt)
    if (found !== undefined) return found
  }
  if (smallest === undefined) throw new TypeError('no draft of the card could be drawn')
  return smallest
}

/** Most cards are far below the limit, and their size is counted only if somebody asks. */
function rendered(card: JsonObject, shrunk: Draft['step']): RenderedCard {
  const json = JSON.stringify(card)
  let bytes: number | undefined
  return {
    card,
    json,
    shrunk,
    get bytes() {
      bytes ??= teamsBytesOfJson(json)
      return bytes
    },
  }
}

/** Halves its way through drafts that shrink; the last one that fits is kept, so it need not be strictly so. */
function largestThatFits(
  drafts: readonly Draft[],
  attempt: (draft: Draft) => RenderedCard | undefined,
): RenderedCard | undefined {
  const last = drafts.length - 1
  let best = attempt(drafts[last] as Draft)
  if (best === undefined || last === 0) return best
  let from = 0
  let to = last
  while (from < to) {
    const middle = Math.floor((from + to) / 2)
    const found = attempt(drafts[middle] as Draft)
    if (found === undefined) from = middle + 1
    else {
      best = found
      to = middle
    }
  }
  return best
}
