import { type Kysely, sql } from 'kysely'
import type { Tables } from './tables.ts'

/**
 * Ends waits that no rule could have set, because they would last longer than any may. They were set before the database's
 * clock was set back, and would else last until it is there again: an hour, or forty days.
 *
 * @param longest seconds of the longest wait that there is
 * @returns how many notifications and channels no longer wait
 */
export async function endImpossibleWaits(db: Kysely<Tables>, longest: number): Promise<number> {
  const latest = sql`clock_timestamp() + make_interval(secs => ${longest})`
  const channels = await sql`
    UPDATE teams_channels SET paused_until = NULL WHERE paused_until > ${latest} RETURNING key`.execute(db)
  const notifications = await sql`
    UPDATE teams_notifications SET next_attempt_at = clock_timestamp()
     WHERE state = 'pending' AND next_attempt_at > ${latest} RETURNING id`.execute(db)
  return channels.rows.length + notifications.rows.length
}
