import { type Kysely, sql } from 'kysely'
import type { ChannelState } from './claim.ts'
import { changeRows } from './state-changes.ts'
import type { Tables } from './tables.ts'

/** Seconds for which a turn is believed to be alive after its lease was renewed last. */
export const TURN_LEASE_SECONDS = 8

/**
 * No living turn has the channel. A lease that ends later than a lease can was given before the database's clock was set
 * back: whoever has it is gone, or renews it within a second, which sets it right.
 */
const FREE = sql`(turn_by IS NULL OR turn_until < clock_timestamp()
                  OR turn_until > clock_timestamp() + make_interval(secs => ${TURN_LEASE_SECONDS + 1}))`

/** Makes sure that every channel has its row; a new one starts rested. */
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
 * Takes a channel for one turn. Where another turn has it, leaves word that there is more to do, and that turn
 * looks once more before it lets go: so no wake-up is lost between its last look and its end.
 *
 * @returns the channel's state and the database's clock; undefined where another turn has it
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
      sql`tokens, refilled_at, paused_until, breaker, consecutive_failures, consecutive_pauses, failed_probes, digested_at`,
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

/**
 * Locks a turn's channel until the transaction ends; false when the turn has lost it.
 *
 * Where the connection has an end to pauses within transactions (`postgres.ts`), it becomes as short as the lease of a
 * turn: whoever vanishes with the lock in his hands must not keep it for longer. The embedded database has no other
 * process, and would not survive such an end.
 */
export async function lockChannel(db: Kysely<Tables>, channel: string, turn: string): Promise<boolean> {
  const { rows } = await sql`
    SELECT set_config('idle_in_transaction_session_timeout',
                      CASE current_setting('idle_in_transaction_session_timeout') WHEN '0' THEN '0' ELSE '8s' END, true)
      FROM teams_channels WHERE key = ${channel} AND turn_by = ${turn}::uuid FOR UPDATE`.execute(db)
  return rows.length > 0
}

/** Renews the lease. @returns whether word was left that there is more to do; `lost` when the turn was taken away */
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
      sql`woken`,
    )} SELECT woken FROM renewed`.execute(db)
  if (!rows[0]) return 'lost'
  return rows[0].woken ? 'woken' : 'undisturbed'
}

/**
 * Lets a channel go, unless word was left that there is more to do: then the turn keeps it and looks again.
 *
 * @returns false when there is more to do; true when it was let go, or another turn has it
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

/** Takes every channel from turns that can not be alive: the embedded database has one process, and it just started. */
export async function clearTurns(db: Kysely<Tables>): Promise<void> {
  await sql`
    WITH ${changeRows(
      'turn.cleared',
      'cleared',
      sql`UPDATE teams_channels c SET turn_by = NULL, turn_until = NULL, woken = false WHERE turn_by IS NOT NULL`,
    )} SELECT 1`.execute(db)
}

/**
 * Channels on which something is due and nobody is at work: because a wake-up was lost, a wait is over, or a
 * process was killed. Each replica asks this every second; it is what every promise of delivery rests on.
 *
 * Not EXISTS: PostgreSQL would answer that for all channels together by reading everything that waits, each second.
 * The order leads it to the one index that has a channel's rows together.
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
 * Ends a channel's rest at once, because what it waited for may have changed: a new address, or a person's word. A turn
 * that is at the channel learns of it by its next step.
 */
export async function endRest(db: Kysely<Tables>, channels: readonly string[]): Promise<void> {
  if (channels.length === 0) return
  await sql`
    WITH ${changeRows(
      'channel.rest_ended',
      'ended',
      sql`UPDATE teams_channels c SET paused_until = NULL WHERE key = ANY(${[...channels]}::text[])`,
    )} SELECT 1`.execute(db)
}
