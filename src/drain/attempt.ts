import type { Clock } from '../kernel/clock.ts'
import { isGatewayError } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Log } from '../kernel/log.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Channel, Registry } from '../registry/registry.ts'
import type { Renderer } from '../render/port.ts'
import type { Secrets } from '../secrets/port.ts'
import { redactAddress } from '../send/address.ts'
import { outcome } from '../send/outcome.ts'
import type { Outcome, Transport } from '../send/port.ts'
import type { HeldNotification } from '../store/claim.ts'

/** One try to send a notification. */
export interface Attempt {
  readonly held: HeldNotification
  readonly outcome: Outcome
  /** False when nothing left this process: the card could not be made, or the process was stopping. */
  readonly posted: boolean
  readonly card: JsonObject | null
  readonly webhookUrl: string | null
  readonly startedAt: Date
  readonly finishedAt: Date
}

/** Renders and posts a notification that a turn holds; resolves when it has its outcome. Never throws. */
export type MakeAttempt = (channel: Channel, held: HeldNotification, stopping: AbortSignal) => Promise<Attempt>

/** Makes the part that renders and posts. `hurry` ends posts under way: the graceful stop has waited long enough. */
export function createAttempt(options: {
  readonly registry: Registry
  readonly renderer: Renderer
  readonly transport: Transport
  readonly secrets: Secrets
  readonly clock: Clock
  readonly metrics: Metrics
  readonly log: Log
  readonly hurry: AbortSignal
}): MakeAttempt {
  const { registry, renderer, transport, secrets, clock, metrics, log, hurry } = options

  return async (channel, held, stopping) => {
    const startedAt = clock.now()
    const done = (came: Outcome, rest: Partial<Attempt> = {}): Attempt => ({
      held,
      outcome: came,
      posted: false,
      card: null,
      webhookUrl: null,
      startedAt,
      finishedAt: clock.now(),
      ...rest,
    })
    if (stopping.aborted) return done(outcome('handed_back'))
    const address = secrets.webhook(channel.key)
    if (!address) return done(outcome('address_missing'))
    const { event } = held
    let card: JsonObject
    try {
      const definition = registry.eventTypes.get(event.eventType)
      // A type that was taken out of the configuration after its events were accepted still gets a card.
      const rendered = renderer.render({
        event,
        card: definition?.card ?? 'system_alert',
        channel,
        language: held.language,
        repeat: held.repeat,
      })
      card = rendered.card
      if (rendered.shrunk !== 'whole')
        metrics.count('teams_notification_cards_shrunk_total', { event_type: event.eventType, step: rendered.shrunk })
    } catch (error) {
      log.error(
        { err: error, correlation_id: event.correlationId, event_type: event.eventType },
        'no card could be made',
      )
      return done(outcome('render_failed', isGatewayError(error) ? { errorCode: error.code } : {}), { posted: true })
    }
    const answer = await transport.send({
      channel,
      address,
      card,
      notificationId: held.id,
      correlationId: event.correlationId,
      attempt: held.attempt,
      repeat: held.repeat,
      signal: hurry,
    })
    return done(answer, {
      posted: answer.name !== 'handed_back',
      card,
      webhookUrl: redactAddress(address.reveal()),
      finishedAt: clock.now(),
    })
  }
}
