import type { Kysely } from 'kysely'
import type { Catalogue } from '../catalogue/catalogue.ts'
import type { Priority } from '../catalogue/priority.ts'
import type { Log } from '../kernel/log.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Tables } from '../store/tables.ts'
import type { Reachability } from './reach.ts'

/** A call of pagers for an event. */
export interface PagerCall {
  readonly eventId: string
  readonly eventCreatedAt: Date
  readonly fingerprint: string | null
  readonly tier: number
  /** Names of the section `pagers`. */
  readonly pagers: readonly string[]
}

/** What timers and ticks need. */
export interface EscalationOptions extends Reachability {
  readonly catalogue: Pick<Catalogue, 'channels' | 'escalation'>
  /** Seconds after which an acknowledgement expires, by the priority of the event; with 0 it does not. */
  readonly ackTtl: Readonly<Record<Priority, number>>
  /** Enqueues wake-up jobs of channels in the transaction. */
  readonly wake: (transaction: Kysely<Tables>, channels: readonly string[]) => Promise<void>
  /** Writes the calls of pagers in the transaction. */
  readonly callPagers: (transaction: Kysely<Tables>, calls: readonly PagerCall[]) => Promise<void>
  /** Notes in the transaction that pagers are to be told that somebody acknowledged the events, or that they are over. */
  readonly tellPagers: (
    transaction: Kysely<Tables>,
    eventIds: readonly string[],
    what: 'acknowledge' | 'resolve',
  ) => Promise<unknown>
  readonly log: Log
  readonly metrics: Metrics
}
