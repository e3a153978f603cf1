import { type Kysely, type RawBuilder, sql } from 'kysely'
import { millisecondsSql, type StoredEntry } from './record-in-order.ts'
import type { Tables } from './tables.ts'

/** An event's columns by which its notifications are checked. */
export interface FoundEvent {
  readonly key: string
  readonly correlation_id: string
  readonly created_at: string
  readonly salt: string | null
}

/** Events by id, each with the entries about it. For those that the reading in order does not bring in time. */
export async function findEvents(
  db: Kysely<Tables>,
  ids: readonly string[],
): Promise<{ readonly events: readonly FoundEvent[]; readonly entries: readonly StoredEntry[] }> {
  if (ids.length === 0) return { events: [], entries: [] }
  const entries = await sql<StoredEntry>`
    SELECT e.subject AS key, e.id::text AS id, ${millisecondsSql('e.created_at')} AS created_at,
           encode(e.body, 'escape') AS body
      FROM teams_audit_entries e WHERE e.subject = ANY(${[...ids]}::uuid[]) ORDER BY e.id`.execute(db)
  const events = await sql<FoundEvent>`
    SELECT e.id AS key, e.correlation_id, ${millisecondsSql('e.created_at')} AS created_at, e.salt
      FROM teams_events e WHERE e.id = ANY(${[...ids]}::uuid[])`.execute(db)
  return { events: events.rows, entries: entries.rows }
}

/** Of these ids, those that a notification has. */
export async function findNotifications(db: Kysely<Tables>, ids: readonly string[]): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set()
  const { rows } = await sql<{ id: string }>`
    SELECT n.id FROM teams_notifications n WHERE n.id = ANY(${[...ids]}::uuid[])`.execute(db)
  return new Set(rows.map(({ id }) => id))
}

/** An event's data, or a notification's card, as JSON. */
export async function readLargeValue(
  db: Kysely<Tables>,
  of: 'event' | 'notification',
  row: { readonly key: string; readonly created_at: string },
): Promise<string | null> {
  const from: RawBuilder<unknown> =
    of === 'event'
      ? sql`data::text AS value FROM teams_events`
      : sql`card_payload::text AS value FROM teams_notifications`
  const { rows } = await sql<{ value: string | null }>`
    SELECT ${from} WHERE id = ${row.key}::uuid AND created_at = ${row.created_at}::timestamptz`.execute(db)
  return rows[0]?.value ?? null
}

/** Where an entry stands in the tree. */
export interface Leaf {
  readonly origin: string
  readonly index: number
}

/** The leaves of entries, by the entry's id; entries that are not sealed have none. */
export async function findLeaves(db: Kysely<Tables>, entryIds: readonly string[]): Promise<ReadonlyMap<string, Leaf>> {
  if (entryIds.length === 0) return new Map()
  const { rows } = await sql<{ id: string; leaf_index: string; origin: string | null }>`
    SELECT l.entry_id::text AS id, l.leaf_index::text AS leaf_index, o.origin
      FROM teams_audit_leaves l LEFT JOIN teams_audit_origins o ON o.id = l.origin_id
     WHERE l.entry_id = ANY(${[...entryIds]}::bigint[])`.execute(db)
  return new Map(rows.map((row) => [row.id, { origin: row.origin ?? '', index: Number(row.leaf_index) }]))
}
