import { type Kysely, sql } from 'kysely'
import type { Priority } from '../catalogue/priority.ts'
import type { Silence } from '../contract/silences.ts'
import type { JsonObject } from '../kernel/json.ts'
import { changeRows } from './state-changes.ts'
import type { Tables } from './tables.ts'

/** A pending notification, with the fields that a silence's matchers may read. */
export interface WaitingNotification {
  readonly id: string
  readonly createdAt: Date
  readonly priorityRank: number
  readonly eventType: string
  readonly priority: Priority
  readonly stakeholders: readonly string[]
  readonly correlationId: string
  readonly channel: string
  /** The event's values of the requested keys. */
  readonly data: JsonObject
}

/**
 * Keys of all channels that were ever configured: channels that were removed from the configuration may have pending
 * notifications.
 */
export async function channelKeys(db: Kysely<Tables>): Promise<readonly string[]> {
  const rows = await db.selectFrom('teams_channels').select('key').orderBy('key').execute()
  return rows.map(({ key }) => key)
}

/**
 * Reads one page of a channel's pending notifications, after the last one of the page before. In the order of the
 * queue's index, so each page reads only its own rows. Locks nothing.
 *
 * @param options.dataKeys top-level keys of the events' data to read; an event may have half a megabyte of others
 */
export async function readWaiting(
  db: Kysely<Tables>,
  options: {
    readonly channel: string
    readonly after: Pick<WaitingNotification, 'priorityRank' | 'createdAt' | 'id'> | undefined
    readonly dataKeys: readonly string[]
    readonly limit: number
  },
): Promise<readonly WaitingNotification[]> {
  const { channel, after, dataKeys, limit } = options
  const later = after
    ? sql`AND (n.priority_rank, n.created_at, n.id) > (${after.priorityRank}::smallint, ${after.createdAt}, ${after.id}::uuid)`
    : sql``
  const data =
    dataKeys.length === 0
      ? sql`'{}'::jsonb`
      : sql`(SELECT coalesce(jsonb_object_agg(k, e.data -> k), '{}')
               FROM teams_events e, unnest(${[...dataKeys]}::text[]) k
              WHERE e.id = n.event_id AND e.created_at = n.created_at AND e.data -> k IS NOT NULL)`
  const { rows } = await sql<{
    id: string
    created_at: Date
    priority_rank: number
    event_type: string
    priority: Priority
    stakeholders: string[]
    correlation_id: string
    data: JsonObject
  }>`
    SELECT n.id, n.created_at, n.priority_rank, n.event_type, n.priority, n.stakeholders, n.correlation_id, ${data} AS data
      FROM teams_notifications n
     WHERE n.channel = ${channel} AND n.state = 'pending' ${later}
     ORDER BY n.priority_rank, n.created_at, n.id
     LIMIT ${limit}`.execute(db)
  return rows.map((row) => ({
    id: row.id,
    createdAt: row.created_at,
    priorityRank: row.priority_rank,
    eventType: row.event_type,
    priority: row.priority,
    stakeholders: row.stakeholders,
    correlationId: row.correlation_id,
    channel,
    data: row.data,
  }))
}

/**
 * Suppresses pending notifications for a silence, in one statement and so in a transaction of its own.
 *
 * Rows that another transaction has locked are skipped: a turn is about to send or digest them, and waiting for rows in
 * another order than others do could deadlock. Where the silence was ended meanwhile, nothing is suppressed.
 *
 * @returns how many were suppressed
 */
export async function suppressWaiting(
  db: Kysely<Tables>,
  silence: Pick<Silence, 'id' | 'kind'>,
  waiting: readonly Pick<WaitingNotification, 'id' | 'createdAt'>[],
): Promise<number> {
  if (waiting.length === 0) return 0
  const keys = JSON.stringify(waiting.map(({ id, createdAt }) => ({ id, created_at: createdAt })))
  const { rows } = await sql`
    WITH unlocked AS (
      SELECT n.id, n.created_at
        FROM jsonb_to_recordset(${keys}::jsonb) AS k (id uuid, created_at timestamptz)
        JOIN teams_notifications n ON n.id = k.id AND n.created_at = k.created_at
       WHERE n.state = 'pending'
         AND EXISTS (SELECT 1 FROM teams_silences s WHERE s.id = ${silence.id}::uuid AND s.ended_at IS NULL)
         FOR UPDATE OF n SKIP LOCKED
    ), ${changeRows(
      'notification.suppressed',
      'suppressed',
      sql`
      UPDATE teams_notifications n
       SET state = 'suppressed', reason = ${silence.kind}, silence_id = ${silence.id}::uuid
      FROM unlocked u
     WHERE n.id = u.id AND n.created_at = u.created_at`,
      { returning: sql`n.silence_id`, entry: { values: { silence: sql`n.silence_id` } } },
    )}
    SELECT id FROM suppressed`.execute(db)
  return rows.length
}
