import type { Catalogue } from '../catalogue/catalogue.ts'
import type { Engine } from '../delivery/engine.ts'
import { createTimers } from '../escalation/create-timers.ts'
import type { EscalationOptions } from '../escalation/options.ts'
import { type EscalationTimers, noEscalation } from '../escalation/timers.ts'
import type { Log } from '../kernel/log.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Secrets } from '../secrets/secrets.ts'
import { escalationIsOn } from '../settings/escalation-settings.ts'
import type { Settings } from '../settings/table.ts'
import type { Database } from '../store/database.ts'
import { insertPages, tellPages } from '../store/pages.ts'
import type { ChangedPage } from '../store/record-pages.ts'
import { inTransaction } from '../store/transactions.ts'
import type { Transport } from '../transports/transport.ts'

/** Escalation of a gateway. */
export interface WiredEscalation {
  readonly timers: EscalationTimers
  /** Of the loop that calls due tiers; undefined where events do not climb. */
  readonly loop: EscalationOptions | undefined
}

/**
 * Makes the timers of escalation. Where TEAMS_ESCALATION is off, none start and no loop calls tiers; but what is done to an event
 * changes the timer that another process has started for it.
 */
export function wireEscalation(parts: {
  readonly settings: Settings
  readonly catalogue: Catalogue
  readonly transport: Transport
  readonly secrets: Pick<Secrets, 'pagerKey'>
  readonly engine: Engine
  readonly log: Log
  readonly metrics: Metrics
}): WiredEscalation {
  const { settings, catalogue, transport, secrets, engine, log, metrics } = parts
  const options: EscalationOptions = {
    catalogue,
    canSend: (channel) => transport.destination(channel).ready,
    pagers: new Set(catalogue.pagers.keys()),
    canPage: (pager) => secrets.pagerKey(pager) !== undefined,
    ackTtl: {
      CRITICAL: settings.TEAMS_ACK_TTL_CRITICAL,
      HIGH: settings.TEAMS_ACK_TTL_HIGH,
      MEDIUM: settings.TEAMS_ACK_TTL_MEDIUM,
      LOW: settings.TEAMS_ACK_TTL_MEDIUM,
      INFO: settings.TEAMS_ACK_TTL_MEDIUM,
    },
    wake: engine.wake,
    callPagers: async (transaction, calls) => {
      await insertPages(
        transaction,
        calls.flatMap(({ eventId, eventCreatedAt, fingerprint, tier, pagers }) =>
          pagers.map((pager) => ({ eventId, eventCreatedAt, pager, fingerprint, step: tier })),
        ),
      )
    },
    tellPagers: tellPages,
    log,
    metrics,
  }
  const timers = createTimers(options)
  return escalationIsOn(settings)
    ? { timers, loop: options }
    : { timers: { ...timers, start: noEscalation.start }, loop: undefined }
}

/**
 * Calls the next tier when a page has failed for good: the tier that asked for it reached nobody there. Does nothing where the event
 * has climbed further since, or somebody has acknowledged it.
 */
export function climbAfterFailure(timers: EscalationTimers, { kysely }: Pick<Database, 'kysely'>) {
  return async ({ eventId, step }: ChangedPage): Promise<void> => {
    await inTransaction(kysely, async (transaction) => {
      const escalation = await transaction
        .selectFrom('teams_escalations')
        .select(['tier', 'state'])
        .where('event_id', '=', eventId)
        .forUpdate()
        .executeTakeFirst()
      if (escalation?.state === 'climbing' && escalation.tier === step) await timers.climb(transaction, eventId)
    })
  }
}
