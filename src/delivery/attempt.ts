import type { Renderer } from '../cards/rendered-card.ts'
import type { Catalogue, Channel } from '../catalogue/catalogue.ts'
import type { Clock } from '../kernel/clock.ts'
import { isGatewayError } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { ClaimedNotification } from '../store/claim.ts'
import { outcome } from '../transports/outcome.ts'
import type { Outcome, ReadyDestination, Transport } from '../transports/transport.ts'
import type { Lease } from './lease.ts'

/** One attempt to send a notification, finished. */
export interface Attempt {
  readonly notification: ClaimedNotification
  readonly outcome: Outcome
  /**
   * True where the attempt is counted and gets a row in `teams_attempts`: a post was begun, or it ended for a reason
   * that belongs in the record (no card could be made, no connection, no token, an unusable address). False where the
   * notification was handed back, or its channel has no destination.
   */
  readonly posted: boolean
  /** The card as JSON. */
  readonly cardJson: string | null
  /** The destination that was posted to; undefined where nothing was posted. */
  readonly destination: ReadyDestination | undefined
  readonly startedAt: Date
  readonly finishedAt: Date
}

/**
 * Renders and posts a claimed notification, and resolves with the finished attempt. Never throws. Where the lease ends
 * before the first byte is written, the outcome is `handed_back`.
 */
export type MakeAttempt = (
  channel: Channel,
  notification: ClaimedNotification,
  turn: { readonly stopping: AbortSignal; readonly lease: Lease },
) => Promise<Attempt>

/**
 * Dependencies of {@link createAttempt}. `hurry` aborts posts in flight once the graceful stop has waited for
 * `TEAMS_SHUTDOWN_TIMEOUT`.
 */
export interface AttemptOptions {
  readonly catalogue: Catalogue
  readonly renderer: Renderer
  readonly transport: Transport
  readonly clock: Clock
  readonly metrics: Metrics
  readonly log: Log
  readonly hurry: AbortSignal
  /** Signs the links of a notification's buttons in its card as JSON. The record gets the card without signatures. */
  readonly signLinks: (cardJson: string, notificationId: string) => string
}

/** Makes the function that renders and posts. */
export function createAttempt(options: AttemptOptions): MakeAttempt {
  const { transport, clock, hurry } = options
  return async (channel, notification, { stopping, lease }) => {
    const startedAt = clock.now()
    const done = (came: Outcome, rest: Partial<Attempt> = {}): Attempt => ({
      notification,
      outcome: came,
      posted: false,
      cardJson: null,
      destination: undefined,
      startedAt,
      finishedAt: clock.now(),
      ...rest,
    })
    if (stopping.aborted) return done(outcome('handed_back'))
    const destination = transport.destination(channel)
    if (!destination.ready) return done(outcome(destination.reason))
    const { event } = notification
    const made = makeCard(options, channel, notification)
    const answer = await transport.send({
      channel,
      destination,
      card: made.card,
      notificationId: notification.id,
      correlationId: event.correlationId,
      priority: event.priority,
      attempt: notification.attempt,
      repeat: notification.repeat,
      signal: hurry,
      callOff: lease.ended,
      mayPost: lease.alive,
    })
    if (made.failed) return done(made.failed, { posted: true })
    return done(answer, {
      posted: answer.name !== 'handed_back',
      cardJson: made.json ?? null,
      destination,
      finishedAt: clock.now(),
    })
  }
}

/** A card that is rendered when `card` is called. Afterwards `json` has the card for the record, or `failed` the outcome. */
function makeCard(
  { catalogue, renderer, metrics, log, signLinks }: Omit<AttemptOptions, 'transport' | 'clock' | 'hurry'>,
  channel: Channel,
  { id, event, language, repeat, escalation }: ClaimedNotification,
) {
  const made: { card: () => string; json?: string; failed?: Outcome } = {
    card() {
      try {
        const definition = catalogue.eventTypes.get(event.eventType)
        // An event type that was removed from the configuration after its events were accepted still gets a card.
        const card = definition?.card ?? 'system_alert'
        const { json, shrunk } = renderer.render({
          event,
          notificationId: id,
          card,
          channel,
          language,
          repeat,
          escalation,
        })
        if (shrunk !== 'whole')
          metrics.count('teams_notification_cards_shrunk_total', { event_type: event.eventType, step: shrunk })
        made.json = json
        return signLinks(json, id)
      } catch (error) {
        log.write('card_render_failed', {
          err: error,
          correlation_id: event.correlationId,
          notification_id: id,
          channel: channel.key,
          event_type: event.eventType,
        })
        made.failed = outcome('render_failed', isGatewayError(error) ? { errorCode: error.code } : {})
        throw error
      }
    },
  }
  return made
}
