import { type Kysely, sql } from 'kysely'
import { FOLLOWUP_TYPE } from '../catalogue/event-types.ts'
import type { JsonObject } from '../kernel/json.ts'
import { changeRows } from './state-changes.ts'
import type { Tables } from './tables.ts'

/** A follow-up that another one stands for. */
export interface FoldedFollowUp {
  readonly channel: string
  /** The data of its event. */
  readonly data: JsonObject
}

/**
 * Folds follow-ups that wait, and that nobody tried to send, into new ones of their channels.
 *
 * @param into the new follow-up's notification, by channel
 * @returns what was folded, the newest first
 */
export async function foldFollowUps(
  db: Kysely<Tables>,
  into: readonly { readonly channel: string; readonly id: string }[],
): Promise<readonly FoldedFollowUp[]> {
  const { rows } = await sql<FoldedFollowUp>`
    WITH new AS (
      SELECT * FROM jsonb_to_recordset(${JSON.stringify(into)}::jsonb) AS j (channel text, id uuid)
    ), waiting AS (
      SELECT n.id, n.created_at, new.id AS new_id
        FROM new JOIN teams_notifications n ON n.channel = new.channel AND n.state = 'pending' AND n.priority_rank = 4
       WHERE n.event_type = ${FOLLOWUP_TYPE} AND n.attempts = 0
         FOR UPDATE OF n SKIP LOCKED
    ), ${changeRows(
      'notification.digested',
      'digested',
      sql`
      UPDATE teams_notifications n SET state = 'digested', reason = 'digest', digest_id = w.new_id
        FROM waiting w WHERE n.id = w.id AND n.created_at = w.created_at`,
      { returning: sql`n.digest_id, n.channel, n.event_id`, entry: { values: { digest: sql`n.digest_id` } } },
    )}
    SELECT d.channel, e.data FROM digested d JOIN teams_events e ON e.id = d.event_id AND e.created_at = d.created_at
     ORDER BY d.id DESC`.execute(db)
  return rows
}
