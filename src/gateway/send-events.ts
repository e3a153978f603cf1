import type { Acceptance, UncheckedEvent } from '../contract/events.ts'
import type { GatewayService } from '../contract/service.ts'
import type { Accepted } from '../intake/acceptor.ts'
import { GatewayError } from '../kernel/errors.ts'
import { adoptTransaction, type ForeignTransaction } from '../store/foreign-transaction.ts'
import { inTransaction } from '../store/transactions.ts'
import type { UseCaseParts } from './calls.ts'

/** Accepts events, in a transaction of its own or in the caller's. */
export interface SendEvents extends Pick<GatewayService, 'accept'> {
  /** Accepts in the caller's transaction. Not published to live listeners: only the caller knows whether it commits. */
  acceptWithin(
    transaction: ForeignTransaction,
    events: readonly UncheckedEvent[],
    origin: string,
  ): Promise<readonly Acceptance[]>
}

/** Makes the use cases that accept events. */
export function createSendEvents(parts: UseCaseParts): SendEvents {
  const { acceptor, publisher } = parts
  const { kysely } = parts.database
  return {
    async accept(events, origin, disconnected) {
      if (parts.stopping()) throw new GatewayError('gateway_stopped')
      const checked = await acceptor.protect(acceptor.check(events))
      // The caller has disconnected and will send the events again; that call would wait for this transaction's locks.
      if (disconnected?.aborted) throw new GatewayError('caller_gone')
      const accepted = await inTransaction(kysely, (transaction) => acceptor.accept(transaction, checked, origin))
      reportAccepted(accepted, parts)
      if (publisher) for (const event of accepted.events) publisher.publish(event)
      return accepted.acceptances
    },
    async acceptWithin(transaction, events, origin) {
      if (parts.stopping()) throw new GatewayError('gateway_stopped')
      // Neither logged nor counted as accepted: the caller's commit decides, and the gateway does not learn of it.
      const checked = await acceptor.protect(acceptor.check(events))
      return (await acceptor.accept(adoptTransaction(transaction), checked, origin)).acceptances
    },
  }
}

/** Logs and counts accepted events, duplicates and suppressed notifications. */
export function reportAccepted(
  { acceptances, events, suppressed }: Accepted,
  { metrics, log }: Pick<UseCaseParts, 'metrics' | 'log'>,
): void {
  for (const { channel, reason } of suppressed)
    metrics.count('teams_notifications_suppressed_total', { channel, reason: reason ?? '' })
  const eventOf = new Map(events.map((event) => [event.id, event]))
  for (const acceptance of acceptances) {
    const event = eventOf.get(acceptance.eventId)
    if (!event || acceptance.duplicate) continue
    const { eventType, priority, stakeholders } = event
    metrics.count('teams_events_accepted_total', { event_type: eventType, priority })
    if (acceptance.notifications.some(({ state }) => state === 'pending'))
      for (const stakeholder of stakeholders)
        metrics.count('teams_events_to_acknowledge_total', { stakeholder, priority })
    log.write('event_accepted', {
      correlation_id: event.correlationId,
      event_id: event.id,
      event_type: event.eventType,
      priority: event.priority,
      channels: acceptance.notifications.map((n) => n.channel),
      ...(acceptance.ignored ? { ignored: acceptance.ignored } : {}),
    })
  }
  for (const acceptance of acceptances)
    if (acceptance.duplicate)
      log.write('event_duplicate', { correlation_id: acceptance.correlationId, event_id: acceptance.eventId })
  metrics.count('teams_events_duplicate_total', {}, acceptances.filter((acceptance) => acceptance.duplicate).length)
}
