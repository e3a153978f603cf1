import { type Kysely, sql } from 'kysely'
import { changeRows } from './state-changes.ts'
import type { Tables } from './tables.ts'

/**
 * Ends waits that are longer than any rule sets. They were set before the database's clock was set back, and would last
 * until it is there again: an hour, or forty days.
 *
 * @param longest the longest wait that a rule sets, in seconds
 * @returns how many notifications and channels no longer wait
 */
export async function endImpossibleWaits(db: Kysely<Tables>, longest: number): Promise<number> {
  const latest = sql`clock_timestamp() + make_interval(secs => ${longest})`
  const channels = await sql`
    WITH ${changeRows(
      'channel.rest_ended',
      'ended',
      sql`UPDATE teams_channels c SET paused_until = NULL WHERE paused_until > ${latest}`,
    )} SELECT key FROM ended`.execute(db)
  const notifications = await sql`
    WITH ${changeRows(
      'notification.wait_ended',
      'ended',
      sql`
      UPDATE teams_notifications n SET next_attempt_at = clock_timestamp()
       WHERE state = 'pending' AND next_attempt_at > ${latest}`,
    )} SELECT id FROM ended`.execute(db)
  return channels.rows.length + notifications.rows.length
}
