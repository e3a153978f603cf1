import { type Kysely, sql } from 'kysely'
import type { ChannelState } from './claim.ts'
import { shortIdleTimeout } from './session.ts'
import { changeRows } from './state-changes.ts'
import type { Tables } from './tables.ts'

/** Length of a turn's lease in seconds, from its last renewal. */
export const TURN_LEASE_SECONDS = 8

/**
 * SQL: no living turn has the channel. A lease that ends later than any lease can was set before the database's clock
 * was set back: its turn is gone, or renews it within a second.
 */
const FREE = sql`(turn_by IS NULL OR turn_until < clock_timestamp()
                  OR turn_until > clock_timestamp() + make_interval(secs => ${TURN_LEASE_SECONDS + 1}))`

/** Inserts the rows of channels that have none, each with a full bucket. */
export async function ensureChannels(
  db: Kysely<Tables>,
  channels: readonly { readonly key: string; readonly burst: number }[],
): Promise<void> {
  if (channels.length === 0) return
  await sql`
    WITH ${changeRows(
      'channel.added',
      'added',
      sql`
      INSERT INTO teams_channels AS c (key, tokens)
      SELECT j.key, j.burst FROM jsonb_to_recordset(${JSON.stringify(channels)}::jsonb) AS j (key text, burst float8)
      ON CONFLICT (key) DO NOTHING`,
    )} SELECT 1`.execute(db)
}

/**
 * Takes a channel for a turn. Where another turn has it, marks the channel as woken, and that turn takes one more step
 * before it ends: no wake-up is lost between its last step and its end.
 *
 * @returns the channel's state and the database's clock; undefined where another turn has the channel
 */
export async function takeTurn(
  db: Kysely<Tables>,
  channel: string,
  turn: string,
): Promise<{ readonly state: ChannelState; readonly now: Date } | undefined> {
  const { rows } = await sql<{
    own: boolean
    tokens: number
    refilled_at: Date
    paused_until: Date | null
    breaker: ChannelState['breaker']
    consecutive_failures: number
    consecutive_pauses: number
    failed_probes: number
    digested_at: Date | null
    now: Date
  }>`
    WITH ${changeRows(
      'turn.taken',
      'taken',
      sql`
    UPDATE teams_channels c
       SET woken      = NOT ${FREE},
           turn_until = CASE WHEN ${FREE} THEN clock_timestamp() + make_interval(secs => ${TURN_LEASE_SECONDS}) ELSE turn_until END,
           turn_by    = CASE WHEN ${FREE} THEN ${turn}::uuid ELSE turn_by END
     WHERE key = ${channel}`,
      {
        returning: sql`tokens, refilled_at, paused_until, breaker, consecutive_failures, consecutive_pauses, failed_probes, digested_at`,
      },
    )}
    SELECT *, turn_by = ${turn}::uuid AS own, clock_timestamp() AS now FROM taken`.execute(db)
  const row = rows[0]
  if (!row?.own) return undefined
  return {
    now: row.now,
    state: {
      tokens: row.tokens,
      refilledAt: row.refilled_at,
      pausedUntil: row.paused_until ?? undefined,
      breaker: row.breaker,
      consecutiveFailures: row.consecutive_failures,
      consecutivePauses: row.consecutive_pauses,
      failedProbes: row.failed_probes,
      digestedAt: row.digested_at ?? undefined,
    },
  }
}

/** Locks a turn's channel until the transaction ends; false where the turn has lost it. */
export async function lockChannel(db: Kysely<Tables>, channel: string, turn: string): Promise<boolean> {
  const { rows } = await sql`
    SELECT ${shortIdleTimeout}
      FROM teams_channels WHERE key = ${channel} AND turn_by = ${turn}::uuid FOR UPDATE`.execute(db)
  return rows.length > 0
}

/**
 * Renews a turn's lease. @returns `woken` where the channel was woken, `lost` where the turn no longer has the channel
 */
export async function renewTurn(
  db: Kysely<Tables>,
  channel: string,
  turn: string,
): Promise<'lost' | 'woken' | 'undisturbed'> {
  const { rows } = await sql<{ woken: boolean }>`
    WITH ${changeRows(
      'turn.renewed',
      'renewed',
      sql`
      UPDATE teams_channels c SET turn_until = clock_timestamp() + make_interval(secs => ${TURN_LEASE_SECONDS})
       WHERE key = ${channel} AND turn_by = ${turn}::uuid`,
      { returning: sql`woken` },
    )} SELECT woken FROM renewed`.execute(db)
  if (!rows[0]) return 'lost'
  return rows[0].woken ? 'woken' : 'undisturbed'
}

/**
 * Releases a turn's channel. Where `recheckIfWoken` is set and the channel was woken, the turn keeps it.
 *
 * @returns false where the turn keeps the channel; true where it was released, or another turn has it
 */
export async function endTurn(
  db: Kysely<Tables>,
  channel: string,
  turn: string,
  options: { readonly recheckIfWoken: boolean },
): Promise<boolean> {
  const { rows } = await sql<{ woken: boolean }>`
    WITH ${changeRows(
      'turn.ended',
      'ended',
      sql`
      UPDATE teams_channels c
       SET woken      = false,
           turn_by    = CASE WHEN woken AND ${options.recheckIfWoken} THEN turn_by END,
           turn_until = CASE WHEN woken AND ${options.recheckIfWoken} THEN turn_until END
     WHERE key = ${channel} AND turn_by = ${turn}::uuid`,
    )} SELECT turn_by IS NOT NULL AS woken FROM ended`.execute(db)
  return !(rows[0]?.woken ?? false)
}

/**
 * Ends all turns. For the embedded database at its start: its one process has just started, so no turn can be alive.
 */
export async function clearTurns(db: Kysely<Tables>): Promise<void> {
  await sql`
    WITH ${changeRows(
      'turn.cleared',
      'cleared',
      sql`UPDATE teams_channels c SET turn_by = NULL, turn_until = NULL, woken = false WHERE turn_by IS NOT NULL`,
    )} SELECT 1`.execute(db)
}

/**
 * Finds channels that have due notifications and no living turn: a wake-up was lost, a wait is over, or a process was
 * killed. Every replica asks this each second; every promise of delivery depends on it.
 *
 * Rejected: EXISTS, for which PostgreSQL reads the whole backlog of all channels. The ORDER BY makes it use the queue's
 * index, which has a channel's rows together.
 */
export async function channelsWithWork(db: Kysely<Tables>): Promise<readonly string[]> {
  const { rows } = await sql<{ key: string }>`
    SELECT c.key FROM teams_channels c
     WHERE ${FREE}
       AND (c.paused_until IS NULL OR c.paused_until <= clock_timestamp())
       AND coalesce(
             (SELECT true FROM teams_notifications n
               WHERE n.channel = c.key AND n.state = 'pending' AND n.next_attempt_at <= clock_timestamp()
               ORDER BY n.priority_rank, n.created_at, n.id LIMIT 1),
             (SELECT true FROM teams_notifications n WHERE n.channel = c.key AND n.state = 'sending'
               ORDER BY n.held_by LIMIT 1),
             false)`.execute(db)
  return rows.map((row) => row.key)
}

/**
 * Ends the rest of channels, because its cause may be gone: a new webhook URL, or a person's request. A turn at such a
 * channel learns of it in its next step.
 */
export async function endRest(db: Kysely<Tables>, channels: readonly string[]): Promise<void> {
  if (channels.length === 0) return
  await sql`
    WITH ${changeRows(
      'channel.rest_ended',
      'ended',
      sql`
      UPDATE teams_channels c SET paused_until = NULL
       WHERE key = ANY(${[...channels]}::text[]) AND paused_until IS NOT NULL`,
      { entry: { values: { channel: sql`c.key` } } },
    )} SELECT 1`.execute(db)
}
