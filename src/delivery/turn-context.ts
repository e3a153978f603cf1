import type { Kysely } from 'kysely'
import type { Catalogue } from '../catalogue/catalogue.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Log } from '../kernel/log.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Months } from '../store/months.ts'
import type { Tables } from '../store/tables.ts'
import type { Transport } from '../transports/transport.ts'
import type { MakeAttempt } from './attempt.ts'
import type { RestRules } from './breaker.ts'
import type { RetryRules } from './decide-retry.ts'

/** Settings of digests. */
export interface StormRules {
  /**
   * Milliseconds of a channel's budget that the backlog may need before a storm begins, and between two rounds of
   * digests.
   */
  readonly digestAfter: number
  /** CRITICAL and HIGH notifications of one fingerprint that may wait before they become a digest. */
  readonly digestUrgent: number
}

/** Dependencies and settings of turns. */
export interface TurnContext {
  readonly kysely: Kysely<Tables>
  readonly months: Months
  readonly catalogue: Catalogue
  readonly attempt: MakeAttempt
  readonly transport: Pick<Transport, 'destination'>
  readonly rest: RestRules
  readonly retry: RetryRules
  readonly storm: StormRules
  /** Length of a lease in milliseconds; infinite where no other process can have the database. */
  readonly leaseMs: number
  /** Limit of posts in flight for one channel. */
  readonly maxInFlight: number
  readonly clock: Clock
  readonly metrics: Metrics
  readonly log: Log
  /** Aborted when the graceful stop has waited long enough: posts in flight and retries end. */
  readonly hurry: AbortSignal
}
