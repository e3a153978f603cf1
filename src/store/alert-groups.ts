import { type Kysely, sql } from 'kysely'
import type { Tables } from './tables.ts'

/** The newest event of a group of alerts. */
export interface LastGroupEvent {
  readonly id: string
  readonly eventType: string
  /** Ids of the alerts that it is about. */
  readonly alertIds: readonly string[]
  /** Seconds since it was accepted, on the database's clock. */
  readonly ageSeconds: number
}

/** Notifications of a group that nothing has resolved, of one type in one channel. */
export interface OpenGroupCards {
  readonly eventType: string
  readonly channel: string
  readonly dedupKey: string
  /** True where the channel has a card or will get one, and not only suppressed notifications. */
  readonly isShown: boolean
}

/**
 * Reads the newest event of a group by its correlation id; undefined where there is none.
 *
 * @param earliest time before which PostgreSQL excludes months
 */
export async function lastGroupEvent(
  db: Kysely<Tables>,
  correlationId: string,
  earliest: Date,
): Promise<LastGroupEvent | undefined> {
  const { rows } = await sql<{ id: string; event_type: string; alert_ids: string[]; age: number }>`
    SELECT e.id, e.event_type, e.data -> 'alert_ids' AS alert_ids,
           extract(epoch FROM statement_timestamp() - e.created_at)::float8 AS age
      FROM teams_events e
     WHERE e.correlation_id = ${correlationId} AND e.created_at > ${earliest}
       AND jsonb_typeof(e.data -> 'alert_ids') = 'array'
     ORDER BY e.created_at DESC, e.id DESC LIMIT 1`.execute(db)
  const [row] = rows
  return row && { id: row.id, eventType: row.event_type, alertIds: row.alert_ids, ageSeconds: row.age }
}

/**
 * Reads where the cards of a group are that nothing has resolved, by its correlation id. A group that fires for longer than
 * since `earliest` has repeats since, in the same channels.
 */
export async function openGroupCards(
  db: Kysely<Tables>,
  correlationId: string,
  earliest: Date,
): Promise<readonly OpenGroupCards[]> {
  const { rows } = await sql<{ event_type: string; channel: string; dedup_key: string; is_shown: boolean }>`
    SELECT n.event_type, n.channel, n.dedup_key,
           bool_or(n.state <> 'suppressed' OR n.reason = 'repeat') AS is_shown
      FROM teams_notifications n JOIN teams_events e ON e.id = n.event_id AND e.created_at = n.created_at
     WHERE n.correlation_id = ${correlationId} AND n.created_at > ${earliest} AND n.dedup_key IS NOT NULL
       AND jsonb_typeof(e.data -> 'alert_ids') = 'array'
       AND NOT EXISTS (
         SELECT 1 FROM teams_resolutions r
          WHERE r.dedup_key = n.dedup_key AND r.event_type = n.event_type
            AND (r.created_at, r.event_id) > (n.received_at, n.event_id))
     GROUP BY n.event_type, n.channel, n.dedup_key`.execute(db)
  return rows.map((row) => ({
    eventType: row.event_type,
    channel: row.channel,
    dedupKey: row.dedup_key,
    isShown: row.is_shown,
  }))
}
