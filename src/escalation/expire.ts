import type { Kysely } from 'kysely'
import { lockNotifications } from '../store/acted-events.ts'
import { saveEscalations } from '../store/change-escalations.ts'
import { lockEscalations } from '../store/escalations.ts'
import { clearAcknowledgements, findExpiredEscalations, findExpiredOthers } from '../store/expire-acknowledgements.ts'
import type { Tables } from '../store/tables.ts'
import { inTransaction } from '../store/transactions.ts'
import { decide, goingOn } from './decide.ts'
import type { EscalationOptions } from './options.ts'

/**
 * Lets acknowledgements expire by `now`, of up to `limit` events that climb: their wait for the next tier begins again.
 *
 * @returns of how many events
 */
export async function expireDue(
  kysely: Kysely<Tables>,
  now: Date,
  limit: number,
  options: EscalationOptions,
): Promise<number> {
  return expire(kysely, await findExpiredEscalations(kysely, now, limit), now, options)
}

/**
 * Lets acknowledgements expire by `now`, of up to `limit` open events whose escalation does not wait for them.
 *
 * @param ackedAfter acknowledgements that were made before are left as they are
 * @returns of how many events
 */
export async function expireOthers(
  kysely: Kysely<Tables>,
  { now, limit, ackedAfter }: { readonly now: Date; readonly limit: number; readonly ackedAfter: Date },
  options: EscalationOptions,
): Promise<number> {
  const { ackTtl } = options
  return expire(kysely, await findExpiredOthers(kysely, { now, ackTtl, ackedAfter, limit }), now, options)
}

/**
 * Takes the expired acknowledgements out of the events' notifications and lets their escalations go on, in one transaction, so that
 * the list of what climbs, the figures and SQL agree. Locks notifications before escalations, as an action does: in the other
 * order the two would wait for each other. Therefore this is no part of the transaction that calls tiers.
 */
async function expire(
  kysely: Kysely<Tables>,
  eventIds: readonly string[],
  now: Date,
  options: EscalationOptions,
): Promise<number> {
  if (eventIds.length === 0) return 0
  const { calendars } = options.catalogue.escalation
  return inTransaction(kysely, async (transaction) => {
    await lockNotifications(transaction, eventIds)
    const escalations = await lockEscalations(transaction, { eventIds })
    const acknowledged = escalations.filter(({ state }) => state === 'acknowledged')
    // Somebody may have acknowledged again meanwhile, or the event is over, which the next tick finds.
    const due = acknowledged.filter(
      (one) => one.nextAt !== null && one.nextAt <= now && decide(one, now, calendars).kind === 'expire',
    )
    const waiting = new Set(acknowledged.map(({ eventId }) => eventId))
    const cleared = await clearAcknowledgements(
      transaction,
      { due: due.map(({ eventId }) => eventId), others: eventIds.filter((id) => !waiting.has(id)) },
      { now, ackTtl: options.ackTtl },
    )
    // Somebody called the last tier while the acknowledgement held: no wait is left that would go on by itself.
    const atEnd = escalations.filter(
      ({ eventId, state, nextAt }) => state === 'climbing' && nextAt === null && cleared.includes(eventId),
    )
    await saveEscalations(
      transaction,
      'expired',
      [...due, ...atEnd].map((one) => goingOn(one, now, calendars)),
    )
    return new Set([...cleared, ...due.map(({ eventId }) => eventId)]).size
  })
}
