import { type Kysely, sql } from 'kysely'
import type { OutcomeName } from '../contract/outcomes.ts'
import { changeRows } from './state-changes.ts'
import type { Tables } from './tables.ts'

/**
 * Records why a channel can not be sent to now: as its `last_outcome`, and as the reason of its pending notifications.
 * Rows that another transaction has locked are skipped. Does nothing where the turn has lost the channel.
 *
 * @param since only notifications accepted from then on get the reason; all pending ones, if absent
 * @returns the database's clock
 */
export async function noteUnreadyChannel(
  db: Kysely<Tables>,
  channel: string,
  turn: string,
  reason: OutcomeName,
  since: Date | undefined,
): Promise<Date> {
  // All ranks are listed so that PostgreSQL uses the queue's index to find the newest rows of each rank, past those
  // that have their reason already.
  const recent =
    since === undefined ? sql`` : sql`AND n.priority_rank = ANY('{0,1,2,3,4}'::smallint[]) AND n.created_at >= ${since}`
  const { rows } = await sql<{ now: Date }>`
    WITH ${changeRows(
      'channel.unready_noted',
      'own_channel',
      sql`
      UPDATE teams_channels c SET last_outcome = ${reason}, last_outcome_at = clock_timestamp()
       WHERE key = ${channel} AND turn_by = ${turn}::uuid`,
    )}, unnoted AS (
      SELECT n.id, n.created_at FROM teams_notifications n
       WHERE n.channel = ${channel} AND n.state = 'pending' AND n.reason IS DISTINCT FROM ${reason} ${recent}
         AND EXISTS (SELECT 1 FROM own_channel)
         FOR UPDATE SKIP LOCKED
    ), ${changeRows(
      'notification.unready_noted',
      'noted',
      sql`
      UPDATE teams_notifications n SET reason = ${reason}
        FROM unnoted u WHERE n.id = u.id AND n.created_at = u.created_at`,
    )}
    SELECT clock_timestamp() AS now`.execute(db)
  const row = rows[0]
  if (!row) throw new Error('the database answered with nothing')
  return row.now
}

/**
 * Suppresses up to `limit` pending notifications of a muted channel, as accepting an event does for new ones. Rows that
 * another transaction has locked are skipped.
 *
 * @returns how many were suppressed; 0 where the turn has lost the channel
 */
export async function suppressMuted(db: Kysely<Tables>, channel: string, turn: string, limit: number): Promise<number> {
  const { rows } = await sql`
    WITH own_channel AS (
      SELECT 1 FROM teams_channels WHERE key = ${channel} AND turn_by = ${turn}::uuid FOR UPDATE
    ), waiting AS (
      SELECT n.id, n.created_at FROM teams_notifications n
       WHERE n.channel = ${channel} AND n.state = 'pending' AND EXISTS (SELECT 1 FROM own_channel)
       ORDER BY n.priority_rank, n.created_at, n.id LIMIT ${limit}
         FOR UPDATE SKIP LOCKED
    ), ${changeRows(
      'notification.suppressed',
      'suppressed',
      sql`
      UPDATE teams_notifications n SET state = 'suppressed', reason = 'muted'
        FROM waiting w WHERE n.id = w.id AND n.created_at = w.created_at`,
      { entry: { values: { silence: sql`NULL::uuid` } } },
    )}
    SELECT id FROM suppressed`.execute(db)
  return rows.length
}
