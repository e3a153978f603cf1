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
import { fieldsSql, fixedSql } from './entry-sql.ts'
import { PREPARED } from './kysely-pool.ts'
import type { RecordTables } from './months.ts'
import { type AttemptRecord, recordAttemptsSql } from './record.ts'
import { releaseRepeatsSql } from './release-repeats.ts'
import { changeRows, NOTHING_CHANGES } from './state-changes.ts'
import type { Tables } from './tables.ts'
import { TURN_LEASE_SECONDS } from './turns.ts'

/** Result of a step. */
export interface StepDone {
  /**
   * False where another turn has the channel: then nothing was claimed and the channel's state was not saved. Attempts
   * of notifications that this turn still had claimed are recorded all the same.
   */
  readonly hasChannel: boolean
  /** The database's clock. */
  readonly now: Date
  /**
   * Ids of notifications that this turn no longer has claimed, so that they were not changed: `recordLate` must follow.
   */
  readonly lost: ReadonlySet<string>
  /** True where another process ended the channel's rest since the turn last saved it: see {@link endRest}. */
  readonly restEnded: boolean
  /** The claimed notifications: the most urgent first, the oldest first within a priority. */
  readonly claimed: readonly ClaimedNotification[]
}

/** The fields of the entry of a saved channel `c`. */
const CHANNEL_FIELDS = fixedSql(
  fieldsSql('channel.changed', {
    channel: sql`c.key`,
    breaker: sql`c.breaker`,
    paused_until: sql`c.paused_until`,
    outcome: sql`c.last_outcome`,
  }),
)

/**
 * Records finished attempts, saves the channel state and claims due notifications in one SQL statement. A database
 * round trip costs the gateway more than all other work for one card.
 *
 * Also renews the turn's lease. Otherwise a lease close to expiry could hand the notifications claimed here to another
 * turn.
 *
 * A rest that another process ended meanwhile stays ended, although the turn's state still has it.
 *
 * @param step.state the channel's state after the finished attempts. Claimed notifications are taken from its tokens; a
 *   claimed probe makes its breaker half open
 * @param step.knewRest whether the channel had a `paused_until` when the turn last read or saved its state
 * @param step.knewClosed whether the channel's breaker was closed then. No other process changes it, nor begins a rest
 * @param step.last the last outcome, shown as the channel's `last_outcome`
 * @param step.tables the tables that have all attempts, and all of the claim's span
 */
export async function recordAndClaim(
  db: Kysely<Tables>,
  channel: string,
  turn: string,
  step: {
    readonly attemptRecords: readonly AttemptRecord[]
    readonly state: ChannelState
    readonly knewRest: boolean
    readonly knewClosed: boolean
    readonly last: string | undefined
    readonly claim: Claim
    readonly tables: RecordTables
  },
): Promise<StepDone> {
  const { attemptRecords, state, knewRest, knewClosed, last, claim, tables } = step
  const staysWell = knewClosed && !knewRest && state.breaker === 'closed' && state.pausedUntil === undefined
  const { rows } = await sql<{
    has_channel: boolean
    now: Date
    ended: boolean
    lost: string[] | null
    claimed: ClaimedRow[] | null
  }>`${PREPARED}
    WITH own_channel AS MATERIALIZED (
      SELECT key, breaker, paused_until, ${knewRest}::boolean AND paused_until IS NULL AS ended FROM teams_channels WHERE key = ${channel} AND turn_by = ${turn}::uuid FOR UPDATE
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
      {
        returning: sql`c.last_outcome`,
        entry: staysWell
          ? NOTHING_CHANGES
          : {
              fields: CHANNEL_FIELDS,
              // A probe in flight (`half_open`) is no change of the channel: its breaker is still open.
              from: sql`saved c JOIN own_channel o ON (c.breaker = 'closed') <> (o.breaker = 'closed')
                      OR c.paused_until IS DISTINCT FROM o.paused_until`,
            },
      },
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
