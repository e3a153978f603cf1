import { type Kysely, sql } from 'kysely'
import type { JsonObject } from '../kernel/json.ts'
import { writeActed } from './acted-events.ts'
import type { CalledEscalation } from './change-escalations.ts'
import type { Tables } from './tables.ts'

interface Row {
  readonly event_id: string
  readonly created_at: Date
  readonly acknowledged_by: string | null
  readonly acknowledged_at: Date
  readonly quiet_until: Date | null
  readonly action_taken: string
  readonly action_data: JsonObject
}

/**
 * Writes the acknowledgement of events into the reminders that were just made for them: everything else that was made for an
 * event is acknowledged with it, and a reminder without it would be listed as one that nobody has acknowledged.
 */
export async function copyAcknowledgements(db: Kysely<Tables>, reminders: readonly CalledEscalation[]): Promise<void> {
  const made = reminders.filter(({ notifications }) => notifications.length > 0)
  if (made.length === 0) return
  const given = made.map(({ eventId, eventCreatedAt }) => ({ id: eventId, created_at: eventCreatedAt }))
  const { rows } = await sql<Row>`
    SELECT DISTINCT ON (n.event_id) n.event_id, n.created_at, n.acknowledged_by, n.acknowledged_at, n.quiet_until,
           n.action_taken, n.action_data
      FROM jsonb_to_recordset(${JSON.stringify(given)}::jsonb) AS j (id uuid, created_at timestamptz)
      JOIN teams_notifications n ON n.event_id = j.id AND n.created_at = j.created_at
     WHERE n.acknowledged_at IS NOT NULL AND n.action_data ->> 'action_id' IS NOT NULL
     ORDER BY n.event_id, n.id`.execute(db)
  const copied = new Map(rows.map((row) => [row.event_id, row]))
  for (const { eventId, notifications } of made) {
    const row = copied.get(eventId)
    if (row === undefined) continue
    const columns = notifications.map(({ id }) => ({
      id,
      createdAt: row.created_at,
      acknowledgedBy: row.acknowledged_by,
      acknowledgedAt: row.acknowledged_at,
      quietUntil: row.quiet_until,
      data: row.action_data,
    }))
    await writeActed(db, { id: String(row.action_data.action_id), name: row.action_taken }, columns)
  }
}
