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

/** The settings that say when notifications become digests. */
export interface StormRules {
  /** Milliseconds of a channel's budget that may wait, and that a digest of a lasting storm covers. */
  readonly digestAfter: number
  /** CRITICAL and HIGH notifications of one fingerprint that may wait. */
  readonly digestUrgent: number
}

/** What turns need. */
export interface TurnContext {
  readonly kysely: Kysely<Tables>
  readonly months: Months
  readonly catalogue: Catalogue
  readonly attempt: MakeAttempt
  readonly transport: Pick<Transport, 'destination'>
  readonly rest: RestRules
  readonly retry: RetryRules
  readonly storm: StormRules
  /** Milliseconds that a lease lasts; without end where no other process can have the database. */
  readonly leaseMs: number
  /** Posts that may be under way at once for one channel. */
  readonly maxInFlight: number
  readonly clock: Clock
  readonly metrics: Metrics
  readonly log: Log
  /** Aborted when the graceful stop has waited long enough: posts under way end, and so does what is tried again. */
  readonly hurry: AbortSignal
}
