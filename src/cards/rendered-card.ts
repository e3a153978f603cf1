import type { Channel } from '../catalogue/catalogue.ts'
import type { Language } from '../catalogue/language.ts'
import type { AcceptedEvent } from '../contract/events.ts'
import type { JsonObject } from '../kernel/json.ts'

/** What one card is made from. */
export interface CardRequest {
  readonly event: AcceptedEvent
  /** Name of the template. */
  readonly card: string
  readonly channel: Channel
  readonly language: Language
  /** True when an earlier attempt was cut off, so that the channel may already show this card. */
  readonly repeat: boolean
  /** How the card reaches Teams, which decides how buttons are made; `workflows` if absent. */
  readonly transport?: 'workflows' | 'bot'
}

/** How far a card had to shrink to fit, in the order in which it is tried. */
export const SHRINK_STEPS = ['whole', 'long_text_cut', 'lists_cut', 'facts_cut', 'minimal'] as const

/** A card that fits. */
export interface RenderedCard {
  /** The Adaptive Card, version 1.5. */
  readonly card: JsonObject
  /** The same as JSON. It is measured, posted and recorded, and making it again each time is a tenth of a card's cost. */
  readonly json: string
  /** Its size as Teams counts it, in bytes. */
  readonly bytes: number
  readonly shrunk: (typeof SHRINK_STEPS)[number]
}

/** Turns an event into a card that fits; never throws for want of room. Throws `invalid_template` for a broken template. */
export interface Renderer {
  render(request: CardRequest): RenderedCard
}
