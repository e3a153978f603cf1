import { type Kysely, sql } from 'kysely'
import { shortIdleTimeout } from './session.ts'
import { changeRows } from './state-changes.ts'
import type { Tables } from './tables.ts'

/** The newest event of a group of alerts. */
export interface LastGroupEvent {
  readonly id: string
  readonly isFiring: boolean
  readonly eventType: string
  readonly priority: string
  readonly origin: string
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

/** Newest events of a group among which its cards are looked for. An alert on older cards alone makes a card once more. */
const MAX_EVENTS_READ = 1_000
/** Newest events with a card whose alerts are read. */
const MAX_CARDS_READ = 20

/**
 * Locks a group until the transaction ends, so that webhooks of one group are accepted one after the other: each sees what the one
 * before has written. An advisory lock, because a new group has no row yet.
 */
export async function lockGroup(transaction: Kysely<Tables>, correlationId: string): Promise<void> {
  await sql`
    SELECT pg_advisory_xact_lock(hashtext('teams_alert_group'), hashtext(${correlationId}::text)),
           ${shortIdleTimeout}`.execute(transaction)
}

/** Notes that an event is about a group, after all others of the group: {@link lockGroup} comes first. */
export async function addGroupEvent(
  transaction: Kysely<Tables>,
  event: { readonly id: string; readonly correlationId: string; readonly isFiring: boolean },
): Promise<void> {
  await sql`
    WITH ${changeRows(
      'alert_event.added',
      'added',
      sql`
      INSERT INTO teams_alert_events AS l (correlation_id, event_id, is_firing)
      VALUES (${event.correlationId}::text, ${event.id}::uuid, ${event.isFiring}::boolean)`,
    )} SELECT 1`.execute(transaction)
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
  const { rows } = await sql<{
    id: string
    is_firing: boolean
    event_type: string
    priority: string
    origin: string
    alert_ids: string[]
    age: number
  }>`
    WITH newest AS MATERIALIZED (
      SELECT l.event_id, l.event_created_at, l.is_firing FROM teams_alert_events l
       WHERE l.correlation_id = ${correlationId} AND l.event_created_at > ${earliest}
       ORDER BY l.id DESC LIMIT 1
    )
    SELECT e.id, l.is_firing, e.event_type, e.priority, e.origin, e.data -> 'alert_ids' AS alert_ids,
           extract(epoch FROM statement_timestamp() - e.created_at)::float8 AS age
      FROM newest l JOIN teams_events e ON e.id = l.event_id AND e.created_at = l.event_created_at`.execute(db)
  const [row] = rows
  return (
    row && {
      id: row.id,
      isFiring: row.is_firing,
      eventType: row.event_type,
      priority: row.priority,
      origin: row.origin,
      alertIds: row.alert_ids,
      ageSeconds: row.age,
    }
  )
}

/**
 * Reads the ids of the alerts that a group's cards show since it was last resolved: those of its events with a card, or with one
 * that is going to be sent. Events that were suppressed everywhere show nothing.
 *
 * Each notification is looked up by itself: PostgreSQL expects next to no rows of a join by id and month, and would read all
 * notifications.
 */
export async function shownAlertIds(
  db: Kysely<Tables>,
  correlationId: string,
  earliest: Date,
): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ alert_ids: string[] }>`
    WITH recent AS MATERIALIZED (
      SELECT l.id, l.event_id, l.event_created_at, l.is_firing FROM teams_alert_events l
       WHERE l.correlation_id = ${correlationId} AND l.event_created_at > ${earliest}
       ORDER BY l.id DESC LIMIT ${MAX_EVENTS_READ}::int
    ), shown AS MATERIALIZED (
      SELECT r.event_id, r.event_created_at
        FROM recent r CROSS JOIN LATERAL (
          SELECT 1 FROM teams_notifications n
           WHERE n.event_id = r.event_id AND n.created_at = r.event_created_at AND n.state NOT IN ('suppressed', 'failed')
           LIMIT 1) n
       WHERE r.id > coalesce((SELECT max(o.id) FROM recent o WHERE NOT o.is_firing), 0)
       ORDER BY r.id DESC LIMIT ${MAX_CARDS_READ}::int
    )
    SELECT e.data -> 'alert_ids' AS alert_ids
      FROM shown s CROSS JOIN LATERAL (
        SELECT e.data FROM teams_events e WHERE e.id = s.event_id AND e.created_at = s.event_created_at LIMIT 1) e`.execute(
    db,
  )
  return new Set(rows.flatMap((row) => row.alert_ids))
}

/**
 * Reads where the cards of a group are that nothing has resolved, by its correlation id. A resolution of the group has resolved all
 * that came before it. A group that fires for longer than since `earliest` has repeats since, in the same channels.
 */
export async function openGroupCards(
  db: Kysely<Tables>,
  correlationId: string,
  earliest: Date,
): Promise<readonly OpenGroupCards[]> {
  const { rows } = await sql<{ event_type: string; channel: string; dedup_key: string; is_shown: boolean }>`
    SELECT n.event_type, n.channel, n.dedup_key,
           bool_or(n.state <> 'suppressed' OR n.reason = 'repeat') AS is_shown
      FROM teams_alert_events l CROSS JOIN LATERAL (
        SELECT * FROM teams_notifications x WHERE x.event_id = l.event_id AND x.created_at = l.event_created_at OFFSET 0) n
     WHERE l.correlation_id = ${correlationId} AND l.event_created_at > ${earliest}
       AND l.id > coalesce((SELECT o.id FROM teams_alert_events o
                             WHERE o.correlation_id = ${correlationId} AND NOT o.is_firing
                             ORDER BY o.id DESC LIMIT 1), 0)
       AND n.dedup_key IS NOT NULL
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
