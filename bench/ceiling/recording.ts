import type { BenchDatabase } from '../database.ts'
import type { RecordedPost } from '../receiver/receiver.ts'
import type { CeilingPost, Recording } from './ceiling.ts'

/** Columns of an event; all of them are written when it is accepted. */
const EVENT_COLUMNS = [
  'id',
  'event_type',
  'correlation_id',
  'priority',
  'stakeholders',
  'data',
  'language',
  'origin',
  'occurred_at',
]
/** Columns of a notification that are written when it is accepted, as far as the schema has them. */
const NOTIFICATION_COLUMNS = [
  'id',
  'event_id',
  'correlation_id',
  'event_type',
  'stakeholders',
  'priority',
  'channel',
  'language',
  'fingerprint',
  'dedup_key',
]

interface EventRow {
  readonly id: string
  readonly transaction: string
  readonly row: Record<string, unknown>
}

interface NotificationRow {
  readonly id: string
  readonly event_id: string
  readonly channel: string
  readonly row: Record<string, unknown>
  readonly webhook_url: string
  readonly card: unknown
  readonly status_code: number
  readonly outcome: string
  readonly message: string | null
  /** The audit entry of its attempt, in hex. */
  readonly entry: string | null
}

/** Entries of accepted events by event, in hex. */
interface EntryRow {
  readonly subject: string
  readonly entry: string
}

/** Reads the work of a gateway from its database and the receiver, for the ceiling to repeat. */
export async function makeRecording(database: BenchDatabase, posts: readonly RecordedPost[]): Promise<Recording> {
  const present = await database.query<{ column_name: string }>(
    "SELECT column_name FROM information_schema.columns WHERE table_name = 'teams_notifications'",
  )
  const known = new Set(present.map((row) => row.column_name))
  const notificationColumns = NOTIFICATION_COLUMNS.filter((column) => known.has(column))
  const events = await database.query<EventRow>(
    // Rows of one transaction bear its number: the batches are those that were committed.
    'SELECT id, xmin::text AS transaction, to_jsonb(e) AS row FROM teams_events e ORDER BY created_at, id',
  )
  const [audit] = await database.query<{ there: boolean }>(
    `SELECT to_regclass('teams_audit_entries') IS NOT NULL AS there`,
  )
  const hasEntries = audit?.there ?? false
  const attemptEntry = `(SELECT encode(body, 'hex') FROM teams_audit_entries WHERE subject = n.id ORDER BY id LIMIT 1)`
  const notifications = await database.query<NotificationRow>(
    `SELECT n.id, n.event_id, n.channel, to_jsonb(n) AS row, n.webhook_url, n.card_payload AS card, n.status_code,
            a.outcome, a.message,
            ${hasEntries ? attemptEntry : 'NULL'} AS entry
       FROM teams_notifications n JOIN teams_attempts a ON a.notification_id = n.id ORDER BY n.created_at, n.id`,
  )
  const entries = hasEntries
    ? await database.query<EntryRow>(
        `SELECT subject, encode(body, 'hex') AS entry FROM teams_audit_entries
          WHERE subject IN (SELECT id FROM teams_events) ORDER BY id`,
      )
    : []
  const entriesOf = Map.groupBy(entries, ({ subject }) => subject)
  const byEvent = Map.groupBy(notifications, (notification) => notification.event_id)
  const batches = [...Map.groupBy(events, (event) => event.transaction).values()].map((group) => {
    const own = group.flatMap((event) => byEvent.get(event.id) ?? [])
    return {
      events: JSON.stringify(group.map((event) => only(event.row, EVENT_COLUMNS))),
      notifications: JSON.stringify(own.map((notification) => only(notification.row, notificationColumns))),
      entries: JSON.stringify(group.flatMap((event) => entriesOf.get(event.id) ?? [])),
      perChannel: countBy(own.map((notification) => notification.channel)),
    }
  })
  const recordedOf = new Map(notifications.map((notification) => [notification.id, recordedPart(notification)]))
  return {
    batches,
    posts: Object.fromEntries(
      posts.map(({ id, path, headers, body }): [string, CeilingPost] => [
        id,
        { path, headers, body, recorded: recordedOf.get(id) ?? '' },
      ]),
    ),
    hasEntries,
    eventColumns: EVENT_COLUMNS,
    notificationColumns,
  }
}

function recordedPart({ webhook_url, card, status_code, outcome, message, entry }: NotificationRow): string {
  return JSON.stringify({ webhook_url, card, status_code, outcome, message, entry }).slice(1, -1)
}

function only(row: Record<string, unknown>, columns: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(columns.map((column) => [column, row[column] ?? null]))
}

function countBy(keys: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const key of keys) counts[key] = (counts[key] ?? 0) + 1
  return counts
}
