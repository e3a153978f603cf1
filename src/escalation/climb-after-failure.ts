import type { Kysely } from 'kysely'
import { lockEscalations } from '../store/escalations.ts'
import type { ChangedPagerAlert } from '../store/record-pager-alerts.ts'
import type { Tables } from '../store/tables.ts'
import { inTransaction } from '../store/transactions.ts'
import type { EscalationTimers } from './timers.ts'

/**
 * Calls the next tier when a pager alert has failed for good: the tier that asked for the pager alert reached nobody there. Does
 * nothing where the event has climbed further since, or somebody has acknowledged it.
 */
export function climbAfterFailure(timers: Pick<EscalationTimers, 'climb'>, kysely: Kysely<Tables>) {
  return async ({ eventId, tier }: ChangedPagerAlert): Promise<void> => {
    await inTransaction(kysely, async (transaction) => {
      const [escalation] = await lockEscalations(transaction, { eventIds: [eventId] })
      if (escalation?.state === 'climbing' && escalation.tier === tier) await timers.climb(transaction, eventId)
    })
  }
}
