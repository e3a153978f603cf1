import { type Kysely, sql } from 'kysely'
import { actorVia } from '../contract/audit-entries.ts'
import type { NotificationDetail } from '../contract/notifications.ts'
import { hashSql } from './entry-sql.ts'
import { changeRows, NOTIFICATION_VALUES } from './state-changes.ts'
import type { Tables } from './tables.ts'

/** Records who asked for a replay, in the transaction in which the notification became `pending`, after that. */
export async function insertReplay(
  db: Kysely<Tables>,
  notification: { readonly id: string; readonly createdAt: Date },
  by: string,
  at?: Date,
): Promise<void> {
  await sql`
    WITH ${changeRows(
      'replay.recorded',
      'recorded',
      sql`
      INSERT INTO teams_replays AS p (notification_id, replayed_at, replayed_by, salt)
      VALUES (${notification.id}::uuid, coalesce(${at ?? null}::timestamptz, clock_timestamp()), ${by}::text, gen_random_uuid())`,
      {
        returning: sql`p.replayed_by, p.salt`,
        entry: {
          values: {
            ...NOTIFICATION_VALUES,
            replayed_at: sql`p.replayed_at`,
            via: sql.lit(actorVia(by)),
            who: hashSql(sql`p.salt`, sql`p.replayed_by`),
          },
          from: sql`recorded p JOIN teams_notifications n ON n.id = p.notification_id AND n.created_at = ${notification.createdAt}`,
        },
      },
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
