import { type Kysely, type RawBuilder, sql } from 'kysely'
import { ENTRY_START } from '../contract/audit-entries.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Tables } from './tables.ts'

/** The beginning of the audit trail. */
export interface TrailStart {
  /** The database's clock as migration 0005 was applied. */
  readonly at: Date
  /** Milliseconds since then, on the database's clock. */
  readonly ageMs: number
}

/**
 * When the audit trail began, from its first entry. Undefined where there is no trail, or retention has removed its beginning,
 * with all rows from before.
 */
export async function readTrailStart(db: Kysely<Tables>): Promise<TrailStart | undefined> {
  const trail = await sql<{ there: boolean }>`SELECT to_regclass('teams_audit_entries') IS NOT NULL AS there`.execute(
    db,
  )
  if (!trail.rows[0]?.there) return undefined
  const { rows } = await sql<{ created_at: Date; age_ms: number; fields: JsonObject }>`
    SELECT created_at, (extract(epoch FROM clock_timestamp() - created_at) * 1000)::float8 AS age_ms,
           convert_from(body, 'UTF8')::jsonb AS fields
      FROM teams_audit_entries ORDER BY id LIMIT 1`.execute(db)
  const [first] = rows
  if (first?.fields.kind !== 'schema.migrated' || first.fields.migration !== '0005_audit') return undefined
  return { at: first.created_at, ageMs: first.age_ms }
}

/** Lists the months up to a time that have a table or rows, the oldest first, as `2026-11`. */
export async function listMonthsUntil(db: Kysely<Tables>, time: Date): Promise<readonly string[]> {
  const { rows } = await sql<{ month: string }>`
    SELECT month FROM (
      SELECT replace(right(c.relname, 7), '_', '-') AS month
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
       WHERE i.inhparent = 'teams_events'::regclass AND c.relname ~ '_[0-9]{4}_[0-9]{2}$'
       UNION
      SELECT to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM') FROM teams_events_default
       UNION
      SELECT to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM') FROM teams_notifications_default
    ) AS months WHERE month <= to_char(${time}::timestamptz AT TIME ZONE 'UTC', 'YYYY-MM') ORDER BY month`.execute(db)
  return rows.map(({ month }) => month)
}

/** An entry `record.adopted`, with the salt of its hash while that is kept. */
export interface Adoption {
  readonly entryId: string
  readonly month: string
  readonly before: Date
  readonly events: number
  readonly notifications: number
  readonly attempts: number
  /** The salted hash in the entry. */
  readonly rows: string
  readonly salt: string | null
}

/**
 * Lists the months that are adopted, by the kept salts of their entries: these are few, and all entries are many. Where
 * somebody removed a salt, the month is adopted again, and `audit verify` finds two entries of it.
 */
export async function listAdoptedMonths(db: Kysely<Tables>): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ month: string }>`
    SELECT convert_from(e.body, 'UTF8')::jsonb ->> 'month' AS month
      FROM teams_audit_values v JOIN teams_audit_entries e ON e.id = v.entry_id
     WHERE v.field = 'rows' AND ${ofKind('record.adopted')}`.execute(db)
  return new Set(rows.map(({ month }) => month))
}

/**
 * Lists entries `record.adopted` by id. Reads the entries without a subject, which an index finds: the first bytes of a body
 * name its kind, and an index of kinds would cost time for each entry.
 */
export async function listAdoptions(db: Kysely<Tables>): Promise<readonly Adoption[]> {
  const { rows } = await sql<{ id: string; salt: string | null; fields: JsonObject }>`
    SELECT e.id::text AS id, v.salt, convert_from(e.body, 'UTF8')::jsonb AS fields
      FROM teams_audit_entries e LEFT JOIN teams_audit_values v ON v.entry_id = e.id AND v.field = 'rows'
     WHERE e.subject IS NULL AND ${ofKind('record.adopted')} ORDER BY e.id`.execute(db)
  return rows.map(({ id, salt, fields }) => ({
    entryId: id,
    month: String(fields.month),
    before: new Date(String(fields.before)),
    events: Number(fields.events),
    notifications: Number(fields.notifications),
    attempts: Number(fields.attempts),
    rows: String(fields.rows),
    salt,
  }))
}

/** The newest time before which retention removed months, by its entries; undefined where it never did. */
export async function readRemovedBefore(db: Kysely<Tables>): Promise<Date | undefined> {
  const { rows } = await sql<{ before: string | null }>`
    SELECT max(fields ->> 'before') AS before FROM (
      SELECT CASE WHEN ${ofKind('record.removed')} THEN convert_from(e.body, 'UTF8')::jsonb END AS fields
        FROM teams_audit_entries e WHERE e.subject IS NULL AND ${ofKind('record.removed')}
    ) AS removed WHERE fields ->> 'table' = 'teams_notifications' AND fields ->> 'before' <= fields ->> 'at'`.execute(
    db,
  )
  const before = rows[0]?.before
  return before ? new Date(before) : undefined
}

function ofKind(kind: 'record.adopted' | 'record.removed'): RawBuilder<unknown> {
  const start = `${ENTRY_START}${kind}"`
  return sql`substring(e.body FOR ${start.length}) = convert_to(${start}, 'UTF8')`
}

/** Lets one process at a time adopt, until its transaction ends; false where another one does. */
export async function takeAdoptionLock(transaction: Kysely<Tables>): Promise<boolean> {
  const { rows } = await sql<{ taken: boolean }>`
    SELECT pg_try_advisory_xact_lock(hashtext('teams_audit_adopt')) AS taken`.execute(transaction)
  return rows[0]?.taken ?? false
}

/** The tables whose rows are adopted, in the order of their leaves. */
export const ADOPTED_TABLES = ['events', 'notifications', 'attempts'] as const
export type AdoptedTable = (typeof ADOPTED_TABLES)[number]

/** Rows of a month from before the trail began. */
export interface AdoptedPeriod {
  /** As `2026-11`. */
  readonly month: string
  readonly before: Date
}

/** A row: the key after which reading goes on, and its columns that never change again. */
export interface AdoptedRow {
  /** False for a row of a gateway with the audit trail, in a transaction that had begun before it. */
  readonly adopted: boolean
  readonly id: string
  readonly attempt: number
  readonly held_by: string
  readonly columns: JsonObject
}

/**
 * Reads the next rows of a period in the order of their keys, each with the columns that never change again. A gateway of an
 * earlier version wrote the rows, so they have no salt. That is no condition of the statement: PostgreSQL knows nothing about
 * a column that was just added, expects few rows, and would sort the whole month for each piece.
 *
 * - Events: all columns.
 * - Notifications: those written with the event; and the result where Teams had accepted it, because nothing changes that any
 *   more. Others may still be sent, replayed or released. Left out: `sent_at` and `accepted_at`, which may be filled in later
 *   and follow from the attempts, `repeat_of`, which a release removes, the card, which retention removes, and the
 *   acknowledgement.
 * - Attempts: all columns. The outcome of an interrupted one becomes known within minutes, or never.
 *
 * @param after the last row read; undefined for the first rows
 */
export async function readAdoptedRows(
  db: Kysely<Tables>,
  table: AdoptedTable,
  period: AdoptedPeriod,
  after: AdoptedRow | undefined,
  limit: number,
): Promise<readonly AdoptedRow[]> {
  const { before } = period
  const id = after?.id ?? NIL
  const inPeriod = within(period)
  const { rows } = await {
    events: () => sql<AdoptedRow>`
      SELECT r.salt IS NULL AS adopted, r.id, 0 AS attempt, r.id AS held_by, jsonb_build_object(
               'id', r.id, 'event_type', r.event_type, 'correlation_id', r.correlation_id, 'priority', r.priority,
               'stakeholders', r.stakeholders, 'data', r.data, 'language', r.language, 'origin', r.origin,
               'occurred_at', ${text(sql`r.occurred_at`)}, 'created_at', ${text(sql`r.created_at`)}) AS columns
        FROM teams_events r
       WHERE ${inPeriod} AND r.id > ${id}::uuid
       ORDER BY r.id LIMIT ${limit}::int`,
    notifications: () => sql<AdoptedRow>`
      SELECT r.salt IS NULL AS adopted, r.id, 0 AS attempt, r.id AS held_by, jsonb_build_object(
               'id', r.id, 'event_id', r.event_id, 'correlation_id', r.correlation_id, 'event_type', r.event_type,
               'stakeholders', r.stakeholders, 'priority', r.priority, 'channel', r.channel, 'language', r.language,
               'created_at', ${text(sql`r.created_at`)}, 'received_at', ${text(sql`r.received_at`)},
               'fingerprint', r.fingerprint, 'dedup_key', r.dedup_key,
               'result', CASE WHEN r.state IN ('accepted', 'posted') AND coalesce(r.accepted_at, '-infinity') < ${before}
                              THEN jsonb_build_object('state', r.state, 'status_code', r.status_code,
                                     'retry_count', r.retry_count, 'attempts', r.attempts, 'webhook_url', r.webhook_url,
                                     'error_message', r.error_message) END) AS columns
        FROM teams_notifications r
       WHERE ${inPeriod} AND r.id > ${id}::uuid
       ORDER BY r.id LIMIT ${limit}::int`,
    attempts: () => sql<AdoptedRow>`
      SELECT true AS adopted, r.notification_id AS id, r.attempt, r.held_by, jsonb_build_object(
               'notification_id', r.notification_id, 'attempt', r.attempt, 'held_by', r.held_by,
               'created_at', ${text(sql`r.created_at`)}, 'started_at', ${text(sql`r.started_at`)},
               'finished_at', ${text(sql`r.finished_at`)}, 'outcome', r.outcome, 'status_code', r.status_code,
               'error_code', r.error_code, 'message', r.message, 'repeat', r.repeat) AS columns
        FROM teams_attempts r
       WHERE ${inPeriod} AND r.started_at < ${before}
         AND (r.notification_id, r.attempt, r.held_by) > (${id}::uuid, ${after?.attempt ?? 0}::int, ${after?.held_by ?? NIL}::uuid)
       ORDER BY r.notification_id, r.attempt, r.held_by LIMIT ${limit}::int`,
  }
    [table]()
    .execute(db)
  return rows
}

/**
 * Whether a period has rows from before the audit trail. For notifications an index answers, although nothing is found in the
 * first month of a new database, however many rows that has.
 */
export async function hasAdoptableRows(
  db: Kysely<Tables>,
  table: AdoptedTable,
  period: AdoptedPeriod,
): Promise<boolean> {
  const own = {
    events: sql`r.salt IS NULL`,
    notifications: sql`r.salt IS NULL AND r.priority IN ('CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'INFO')`,
    attempts: sql`r.started_at < ${period.before}`,
  }[table]
  const { rows } = await sql<{ found: boolean }>`
    SELECT EXISTS (SELECT 1 FROM ${sql.table(`teams_${table}`)} r WHERE ${within(period)} AND ${own}) AS found`.execute(
    db,
  )
  return rows[0]?.found ?? false
}

/** SQL of a period's rows, under the alias `r`. */
function within({ month, before }: AdoptedPeriod): RawBuilder<unknown> {
  const from = new Date(`${month}-01T00:00:00Z`)
  const next = new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + 1))
  return sql`r.created_at >= ${from} AND r.created_at < ${next < before ? next : before}`
}

/** The UUID before all others. */
const NIL = '00000000-0000-0000-0000-000000000000'

/** SQL of a time as text with microseconds, which a `Date` lacks. */
function text(column: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
}
