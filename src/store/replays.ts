import { type Kysely, sql } from 'kysely'
import type { NotificationDetail } from '../contract/notifications.ts'
import { changeRows } from './state-changes.ts'
import type { Tables } from './tables.ts'

/** Records who asked for a replay, in the transaction of the replay. */
export async function insertReplay(db: Kysely<Tables>, notificationId: string, by: string): Promise<void> {
  await sql`
    WITH ${changeRows(
      'replay.recorded',
      'recorded',
      sql`INSERT INTO teams_replays AS p (notification_id, replayed_by) VALUES (${notificationId}::uuid, ${by}::text)`,
    )} SELECT 1`.execute(db)
}

/** A notification's replays as actions, the oldest first. */
export async function readReplays(db: Kysely<Tables>, notificationId: string): Promise<NotificationDetail['actions']> {
  const rows = await db
    .selectFrom('teams_replays')
    .select(['replayed_by', 'replayed_at'])
    .where('notification_id', '=', notificationId)
    .orderBy('replayed_at')
    .execute()
  return rows.map((row) => ({ action: 'replay', by: row.replayed_by, at: row.replayed_at, data: null }))
}
