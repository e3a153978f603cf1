import { type Kysely, sql } from 'kysely'
import type { OutcomeName } from '../contract/outcomes.ts'
import { changeRows } from './state-changes.ts'
import type { Tables } from './tables.ts'

/**
 * Records why nothing can be sent to a channel now: as its last outcome, and as the reason of what waits for it. What somebody
 * else has locked is passed over. Does nothing where the turn has lost the channel.
 *
 * @param since only what was accepted from then on is looked at; everything that waits, if absent
 * @returns the database's clock
 */
export async function noteUnreadyChannel(
  db: Kysely<Tables>,
  channel: string,
  turn: string,
  reason: OutcomeName,
  since: Date | undefined,
): Promise<Date> {
  // The ranks are named so that the queue's index leads to the newest of each, past whatever has its reason already.
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
 * Suppresses up to `limit` notifications that wait for a muted channel, as those that come now are when they are accepted.
 * What somebody else has locked is passed over.
 *
 * @returns how many there were; 0 where the turn has lost the channel
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
    )}
    SELECT id FROM suppressed`.execute(db)
  return rows.length
}
