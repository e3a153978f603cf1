import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { ArchivedState } from '../contract/archive.ts'
import { canonicalJson } from '../kernel/canonical-json.ts'
import type { JsonObject } from '../kernel/json.ts'
import { hashSql } from './entry-sql.ts'
import { ARCHIVED_VALUES, changeRows } from './state-changes.ts'
import type { Tables } from './tables.ts'

/** An archived record without its content. */
export interface StoredArchived {
  readonly id: string
  readonly kind: string
  readonly source: string | null
  readonly subject: string
  readonly event_id: string | null
  readonly action_id: string | null
  readonly about: JsonObject
  readonly state: ArchivedState
  readonly key_id: string | null
  readonly size: number
  readonly archived_at: Date
  readonly restored_at: Date | null
}

/** The encrypted bytes of an archived record. */
export interface StoredContent {
  readonly keyId: string
  readonly dataKey: Buffer
  readonly content: Buffer
}

/** An archived record that is inserted. */
export interface NewArchived extends StoredContent {
  readonly id: string
  readonly kind: string
  readonly source: string | null
  readonly subject: string
  readonly eventId: string | null
  readonly actionId: string | null
  readonly about: JsonObject
  readonly size: number
}

const COLUMNS = sql`h.id, h.kind, h.source, h.subject, h.event_id, h.action_id, h.about, h.state, h.key_id, h.size,
  h.archived_at, h.restored_at`

/** Inserts an archived record, and its entry. */
export async function insertArchived(db: Kysely<Tables>, record: NewArchived): Promise<void> {
  const about = hashSql(sql`h.salt`, sql`${canonicalJson(record.about)}::text`)
  await sql`
    WITH ${changeRows(
      'archive.kept',
      'kept',
      sql`
      INSERT INTO teams_archive AS h
        (id, kind, source, subject, event_id, action_id, about, key_id, data_key, content, size)
      VALUES (${record.id}::uuid, ${record.kind}::text, ${record.source}::text, ${record.subject}::text,
              ${record.eventId}::uuid, ${record.actionId}::uuid, ${JSON.stringify(record.about)}::jsonb,
              ${record.keyId}::text, ${record.dataKey}::bytea, ${record.content}::bytea, ${record.size}::int)`,
      { entry: { values: { ...ARCHIVED_VALUES, about } } },
    )} SELECT 1`.execute(db)
}

/** The archived record with an id; undefined where there is none. */
export async function readArchived(db: Kysely<Tables>, id: string): Promise<StoredArchived | undefined> {
  const { rows } = await sql<StoredArchived>`SELECT ${COLUMNS} FROM teams_archive h WHERE h.id = ${id}::uuid`.execute(
    db,
  )
  return rows[0]
}

/** The archived record that an action made; undefined where it made none. */
export async function findArchivedBy(db: Kysely<Tables>, actionId: string): Promise<StoredArchived | undefined> {
  const { rows } = await sql<StoredArchived>`
    SELECT ${COLUMNS} FROM teams_archive h WHERE h.action_id = ${actionId}::uuid`.execute(db)
  return rows[0]
}

/** The encrypted bytes of an archived record; undefined where its data key was erased. */
export async function readArchivedContent(db: Kysely<Tables>, id: string): Promise<StoredContent | undefined> {
  const { rows } = await sql<{ key_id: string; data_key: Uint8Array; content: Uint8Array }>`
    SELECT h.key_id, h.data_key, h.content FROM teams_archive h
     WHERE h.id = ${id}::uuid AND h.key_id IS NOT NULL AND h.data_key IS NOT NULL`.execute(db)
  const [row] = rows
  return row && { keyId: row.key_id, dataKey: Buffer.from(row.data_key), content: Buffer.from(row.content) }
}

/** Filters of {@link listArchived}. */
export interface ArchivedFilter {
  readonly kind?: string | undefined
  readonly source?: string | undefined
  readonly subject?: string | undefined
  readonly eventId?: string | undefined
  readonly state?: ArchivedState | undefined
  /** Id of the last record of the page before. */
  readonly before?: string | undefined
  readonly limit: number
}

/** Lists archived records, the newest first; one more than `limit` where there are more. */
export async function listArchived(db: Kysely<Tables>, filter: ArchivedFilter): Promise<readonly StoredArchived[]> {
  const { kind, source, subject, eventId, state, before, limit } = filter
  const given = (value: string | undefined, condition: RawBuilder<unknown>) => (value === undefined ? [] : [condition])
  const conditions = [
    sql`true`,
    ...given(kind, sql`h.kind = ${kind}`),
    ...given(source, sql`h.source = ${source}`),
    ...given(subject, sql`h.subject = ${subject}`),
    ...given(eventId, sql`h.event_id = ${eventId}::uuid`),
    ...given(state, sql`h.state = ${state}`),
    ...given(before, sql`h.id < ${before}::uuid`),
  ]
  const { rows } = await sql<StoredArchived>`
    SELECT ${COLUMNS} FROM teams_archive h WHERE ${sql.join(conditions, sql` AND `)}
     ORDER BY h.id DESC LIMIT ${limit + 1}::int`.execute(db)
  return rows
}

/** A record whose data key is wrapped by an older archive key. */
export interface WrappedRecord {
  readonly id: string
  readonly kind: string
  readonly keyId: string
  readonly dataKey: Buffer
}

/** Locks records whose data keys another archive key wraps than `newest`, in the order of their ids, for this transaction. */
export async function lockWrappedByOthers(
  db: Kysely<Tables>,
  newest: string,
  { after, limit }: { readonly after: string | undefined; readonly limit: number },
): Promise<readonly WrappedRecord[]> {
  const { rows } = await sql<{ id: string; kind: string; key_id: string; data_key: Uint8Array }>`
    SELECT h.id, h.kind, h.key_id, h.data_key FROM teams_archive h
     WHERE h.key_id <> ${newest} AND h.data_key IS NOT NULL
       AND h.id > coalesce(${after ?? null}::uuid, '00000000-0000-0000-0000-000000000000')
     ORDER BY h.id LIMIT ${limit}::int FOR UPDATE`.execute(db)
  return rows.map(({ id, kind, key_id, data_key }) => ({ id, kind, keyId: key_id, dataKey: Buffer.from(data_key) }))
}

/** Saves data keys that the archive key `keyId` wraps now. */
export async function saveRewrapped(
  db: Kysely<Tables>,
  keyId: string,
  records: readonly { readonly id: string; readonly dataKey: Buffer }[],
): Promise<void> {
  const wrapped = JSON.stringify(records.map(({ id, dataKey }) => ({ id, data_key: dataKey.toString('hex') })))
  await sql`
    WITH ${changeRows(
      'archive.rewrapped',
      'rewrapped',
      sql`
      UPDATE teams_archive h SET key_id = ${keyId}::text, data_key = decode(j.data_key, 'hex')
        FROM jsonb_to_recordset(${wrapped}::jsonb) AS j (id uuid, data_key text) WHERE h.id = j.id`,
      { entry: { values: ARCHIVED_VALUES } },
    )} SELECT 1`.execute(db)
}

/** How many records each archive key wraps, by the id of the key. */
export async function countByArchiveKey(db: Kysely<Tables>): Promise<ReadonlyMap<string, number>> {
  const { rows } = await sql<{ key_id: string; count: string }>`
    SELECT h.key_id, count(*) AS count FROM teams_archive h WHERE h.key_id IS NOT NULL GROUP BY 1 ORDER BY 1`.execute(
    db,
  )
  return new Map(rows.map(({ key_id, count }) => [key_id, Number(count)]))
}

/** The newest archived record of an event; undefined where there is none. */
export async function findArchivedOf(db: Kysely<Tables>, eventId: string): Promise<StoredArchived | undefined> {
  const { rows } = await sql<StoredArchived>`
    SELECT ${COLUMNS} FROM teams_archive h WHERE h.event_id = ${eventId}::uuid ORDER BY h.id DESC LIMIT 1`.execute(db)
  return rows[0]
}

/** Moves an archived record from one state to another; false where it is in another state. */
export async function moveArchived(
  db: Kysely<Tables>,
  id: string,
  from: ArchivedState,
  to: ArchivedState,
): Promise<boolean> {
  const { rows } = await sql`
    WITH ${changeRows(
      'archive.changed',
      'changed',
      sql`
      UPDATE teams_archive h
         SET state = ${to}::text, restored_at = CASE WHEN ${to}::text = 'restored' THEN clock_timestamp() END
       WHERE id = ${id}::uuid AND state = ${from}::text`,
      { entry: { values: ARCHIVED_VALUES } },
    )} SELECT id FROM changed`.execute(db)
  return rows.length > 0
}
