import { surelyFits, teamsBytesOfJson } from '../contract/card-size.ts'
import { canonicalJson } from '../kernel/canonical-json.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { RenderedCard } from './rendered-card.ts'

/** Limits for the content of a card. `Number.POSITIVE_INFINITY` where there is no limit. */
export interface Limits {
  /** Maximum length of a text, in UTF-16 units. */
  readonly text: number
  /** Maximum length of title, event type and correlation id; limited only in the smallest drafts. */
  readonly ids: number
  /** Maximum number of items of a list. */
  readonly list: number
  /** Maximum number of rows of a fact set. */
  readonly facts: number
  /** Maximum total length of the card's texts: with more the card can not fit, and drawing stops. */
  readonly total: number
}

/** Limits of a card with the whole event. */
export const NO_LIMITS: Limits = {
  text: Number.POSITIVE_INFINITY,
  ids: Number.POSITIVE_INFINITY,
  list: Number.POSITIVE_INFINITY,
  facts: Number.POSITIVE_INFINITY,
  total: Number.POSITIVE_INFINITY,
}

/** One version of a card, from the whole event down to the smallest. */
export interface Draft {
  readonly step: RenderedCard['shrunk']
  readonly limits: Limits
  /** True for a card with buttons; false only in step `minimal`. */
  readonly buttons: boolean
  /** True for a card with mentions and full notes; false only in the smallest drafts of `minimal`, with short notes. */
  readonly note: boolean
}

/** Draws a card within limits; undefined where it is certain to be too large. */
export type Draw = (draft: Draft) => JsonObject | undefined

const TEXT_LIMITS = [16_000, 11_000, 8_000, 5_600, 4_000, 2_800, 2_000, 1_400, 1_000, 700, 500, 350, 250]
const LIST_LIMITS = [600, 450, 340, 260, 200, 150, 110, 80, 60, 45, 34, 26, 20, 15, 10, 6, 3, 1]
const FACT_LIMITS = [10, 7, 5, 3, 1, 0]
const MINIMAL_LIMITS = [400, 250, 150, 100, 70, 50, 35, 24, 16, 8]

/** The smallest limits of texts and lists, which the following steps start from. */
const SMALLEST_TEXT = 250
const SMALLEST_LIST = 1

/**
 * The drafts of each step, from the largest to the smallest. A generator, since most cards fit whole. A step keeps the
 * smallest limits of the steps before it. Long texts are cut first, because their start says most; then lists, whose
 * hidden items can be counted; then facts, of which templates put the most important first.
 */
function* draftsFor(maxBytes: number): Generator<readonly Draft[], void> {
  // A card has more than its texts, and a character takes at least one byte: more text than this can not fit.
  const total = maxBytes * 2
  const draft = (step: Draft['step'], limits: Partial<Limits>): Draft => ({
    step,
    limits: { ...NO_LIMITS, total, ...limits },
    buttons: true,
    note: true,
  })
  yield [draft('whole', {})]
  yield TEXT_LIMITS.map((text) => draft('long_text_cut', { text }))
  yield LIST_LIMITS.map((list) => draft('lists_cut', { text: SMALLEST_TEXT, list }))
  yield FACT_LIMITS.map((facts) => draft('facts_cut', { text: SMALLEST_TEXT / 2, list: SMALLEST_LIST, facts }))
  yield [
    draft('minimal', { text: 400 }),
    ...MINIMAL_LIMITS.map((text) => ({ ...draft('minimal', { text }), buttons: false })),
  ]
  yield MINIMAL_LIMITS.map((text) => ({ ...draft('minimal', { text }), buttons: false, note: false }))
  yield MINIMAL_LIMITS.map((ids) => ({ ...draft('minimal', { text: ids, ids }), buttons: false, note: false }))
}

/**
 * The largest draft that fits into `maxBytes`, in the fixed order of `SHRINK_STEPS`; deterministic. Returns the smallest
 * draft where none fits, which needs a limit below the minimum of TEAMS_CARD_MAX_BYTES.
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

/**
 * Serialises a card as canonical JSON, so that the hash of the posted card can be computed again from the stored one. Its size
 * is counted on first access, since most cards are far below the limit.
 */
function rendered(card: JsonObject, shrunk: Draft['step']): RenderedCard {
  const json = canonicalJson(card)
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

/** Binary search for the largest draft that fits. It keeps the last fitting draft, so sizes need not be monotonic. */
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
