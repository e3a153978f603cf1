import { type Kysely, sql } from 'kysely'
import {
  type ChannelState,
  type Claim,
  type ClaimedNotification,
  type ClaimedRow,
  claimDueSql,
  claimedRowsSql,
  toClaimed,
} from './claim.ts'
import { PREPARED } from './kysely-pool.ts'
import type { RecordTables } from './months.ts'
import { type AttemptRecord, recordAttemptsSql } from './record.ts'
import { releaseRepeatsSql } from './release-repeats.ts'
import { changeRows } from './state-changes.ts'
import type { Tables } from './tables.ts'
import { TURN_LEASE_SECONDS } from './turns.ts'

/** What a step did. */
export interface StepDone {
  /**
   * False when another turn has the channel: then nothing was claimed and the channel's state was not saved. What this turn
   * still held was recorded all the same.
   */
  readonly hasChannel: boolean
  /** The database's clock. */
  readonly now: Date
  /** Ids of the notifications that were not moved on, since this turn holds them no more: `recordLate` has to follow. */
  readonly lost: ReadonlySet<string>
  /** True where the channel's rest was ended by somebody else since the turn last wrote it: see {@link endRest}. */
  readonly restEnded: boolean
  /** The most urgent first, the oldest first within a priority. */
  readonly claimed: readonly ClaimedNotification[]
}

/**
 * Records what came back, writes the channel's state, and takes hold of what may go next, in one statement: each
 * round trip to the database costs the gateway more than a card's share of all the rest.
 *
 * Renews the turn's lease, too: else a lease that is close to its end could hand what is claimed here to another turn.
 *
 * A rest that was ended meanwhile stays ended: the turn, which knows the channel's state from before, would else write it
 * back.
 *
 * @param step.state the channel's state after what came back; what is claimed here is taken from its tokens, and a probe that
 *   is claimed makes its breaker half open
 * @param step.knewRest whether the channel had a `paused_until` when the turn last read or wrote its state
 * @param step.last the last outcome, for whoever looks at the channel
 * @param step.tables have all that came back, and all of the claim's span
 */
export async function recordAndClaim(
  db: Kysely<Tables>,
  channel: string,
  turn: string,
  step: {
    readonly attemptRecords: readonly AttemptRecord[]
    readonly state: ChannelState
    readonly knewRest: boolean
    readonly last: string | undefined
    readonly claim: Claim
    readonly tables: RecordTables
  },
): Promise<StepDone> {
  const { attemptRecords, state, knewRest, last, claim, tables } = step
  const { rows } = await sql<{
    has_channel: boolean
    now: Date
    ended: boolean
    lost: string[] | null
    claimed: ClaimedRow[] | null
  }>`${PREPARED}
    WITH own_channel AS MATERIALIZED (
      SELECT key, ${knewRest}::boolean AND paused_until IS NULL AS ended FROM teams_channels WHERE key = ${channel} AND turn_by = ${turn}::uuid FOR UPDATE
    )${attemptRecords.length > 0 ? recordAttemptsSql(turn, attemptRecords, tables) : sql``}${attemptRecords.some(({ state }) => state === 'failed') ? releaseRepeatsSql() : sql``}${claim.limit > 0 ? claimDueSql(channel, turn, claim, tables) : sql``}, ${changeRows(
      'channel.saved',
      'saved',
      sql`
      UPDATE teams_channels c
         SET tokens = ${state.tokens}::float8 ${claim.limit > 0 ? sql`- (SELECT count(*) FROM claimed)` : sql``},
             refilled_at = ${state.refilledAt}, paused_until = CASE WHEN NOT (SELECT ended FROM own_channel) THEN ${state.pausedUntil ?? null}::timestamptz END,
             breaker = ${claim.probe && claim.limit > 0 ? sql`CASE WHEN EXISTS (SELECT 1 FROM claimed) THEN 'half_open' ELSE ${state.breaker} END` : state.breaker},
             consecutive_failures = ${state.consecutiveFailures}, consecutive_pauses = ${state.consecutivePauses},
             turn_until = clock_timestamp() + make_interval(secs => ${TURN_LEASE_SECONDS}), failed_probes = ${state.failedProbes}, digested_at = ${state.digestedAt ?? null},
             last_outcome = coalesce(${last ?? null}, last_outcome),
             last_outcome_at = CASE WHEN ${last !== undefined} THEN clock_timestamp() ELSE last_outcome_at END
       WHERE key IN (SELECT key FROM own_channel)`,
    )}
    SELECT EXISTS (SELECT 1 FROM own_channel) AS has_channel, clock_timestamp() AS now, coalesce((SELECT ended FROM own_channel), false) AS ended,
           ${attemptRecords.length > 0 ? sql`(SELECT array_agg(id) FROM finished WHERE id NOT IN (SELECT id FROM attempted))` : sql`NULL::uuid[]`} AS lost,
           ${claim.limit > 0 ? claimedRowsSql(claim, tables) : sql`NULL`} AS claimed`.execute(db)
  const row = rows[0]
  if (!row) throw new Error('the database answered a step with nothing')
  return {
    hasChannel: row.has_channel,
    now: row.now,
    restEnded: row.ended,
    lost: new Set(row.lost),
    claimed: (row.claimed ?? []).map(toClaimed),
  }
}
