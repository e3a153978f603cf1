import type { Channel } from '../catalogue/catalogue.ts'
import type { Language } from '../catalogue/language.ts'
import type { EscalationNote } from '../contract/escalations.ts'
import type { AcceptedEvent } from '../contract/events.ts'
import type { JsonObject } from '../kernel/json.ts'

/** The input of one card. */
export interface CardRequest {
  readonly event: AcceptedEvent
  /** Whose buttons the card has; absent for a card of no notification, which has no action buttons without a bot. */
  readonly notificationId?: string
  /** Name of the template. */
  readonly card: string
  readonly channel: Channel
  readonly language: Language
  /** True where an earlier attempt was interrupted, or got a 5xx, so that the channel may already show this card. */
  readonly repeat: boolean
  /** The tier of an escalation that the card calls, or the reminder before an acknowledgement expires. */
  readonly escalation?: EscalationNote | undefined
  /** How the card reaches Teams, which decides how buttons are made; `workflows` if absent. */
  readonly transport?: 'workflows' | 'bot'
}

/** Steps of shrinking a card, in the order in which they are tried. */
export const SHRINK_STEPS = ['whole', 'long_text_cut', 'lists_cut', 'facts_cut', 'minimal'] as const

/** A card that fits. */
export interface RenderedCard {
  /** The Adaptive Card, version 1.5. */
  readonly card: JsonObject
  /** The card as JSON. It is measured, posted and recorded; serialising it each time costs a tenth of the card's time. */
  readonly json: string
  /** Its size as Teams counts it, in bytes. */
  readonly bytes: number
  readonly shrunk: (typeof SHRINK_STEPS)[number]
}

/** Makes cards that fit. */
export interface Renderer {
  /**
   * Renders an event as a card within the size limit, by shrinking it.
   *
   * @throws GatewayError `invalid_template` for a missing template, or one that can not be evaluated
   */
  render(request: CardRequest): RenderedCard
}
