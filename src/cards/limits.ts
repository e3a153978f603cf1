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
