import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { EntryKind } from '../contract/audit-entries.ts'
import { readCheckpoint, readOrigin } from './audit-tree.ts'
import type { Tables } from './tables.ts'
import { readCluster, unsealedSql } from './unsealed-entries.ts'

/** Filters of {@link readEntries}; an entry has to match all. */
export interface EntryFilter {
  readonly since?: Date | undefined
  readonly until?: Date | undefined
  readonly kind?: EntryKind | undefined
  readonly id?: number | undefined
  /** Ids of events, notifications, silences and actions: entries about one of them. */
  readonly subjects?: readonly string[] | undefined
  /** Only entries of this tree, and those that are not sealed. */
  readonly originId?: number | undefined
}

/** A place in the order of the trees, from which {@link readEntries} goes on. */
export interface EntryPosition {
  readonly originId: number
  readonly index: number
  /** Greatest id of the entries that were read before they were sealed; they are not read again. 0 where there was none. */
  readonly afterId: number
}

/** An entry, or a leaf whose entry retention has removed. */
export interface ReadEntry {
  readonly id: number
  readonly leaf: { readonly originId: number; readonly index: number; readonly hash: Buffer } | undefined
  readonly body: Buffer | undefined
}

interface Row {
  readonly id: string
  readonly origin_id: number | null
  readonly leaf_index: string | null
  readonly hash: Uint8Array | null
  readonly body: Uint8Array | null
}

/**
 * Reads entries in the order of the trees, and then, if `unsealed` is set, those that are not sealed yet in the order of their
 * ids. One statement, so that an entry that is sealed meanwhile is in one of the two.
 *
 * @param options.limit most entries
 */
export async function readEntries(
  db: Kysely<Tables>,
  filter: EntryFilter,
  from: EntryPosition,
  { unsealed, limit }: { readonly unsealed: boolean; readonly limit: number },
): Promise<readonly ReadEntry[]> {
  const narrow = filter.subjects !== undefined || filter.id !== undefined
  const sealed = narrow ? sealedNarrowSql(filter, from) : sealedSql(filter, from, limit)
  const { rows } = await sql<Row>`
    SELECT * FROM (
      (${sealed} ORDER BY l.origin_id, l.leaf_index LIMIT ${limit})
      ${unsealed ? sql`UNION ALL (${await unsealedEntriesSql(db, filter, from)} ORDER BY e.id LIMIT ${limit})` : sql``}
    ) AS entries
    ORDER BY origin_id NULLS LAST, leaf_index, id LIMIT ${limit}`.execute(db)
  return rows.map(entryOf)
}

/**
 * Walks along the leaves: for filters that match much, and for none. Has leaves without their entry too. OFFSET 0 keeps
 * PostgreSQL from joining with all entries at once, and without a kind no more leaves are read than the page has: an embedded
 * database, which is never analyzed, read 100,000 entries for each page.
 */
function sealedSql(filter: EntryFilter, from: EntryPosition, limit: number): RawBuilder<unknown> {
  const { kind, ...ofLeaves } = filter
  const leaves = sql`SELECT * FROM teams_audit_leaves l WHERE ${leafConditions(filter, from)}
                      AND ${conditions(ofLeaves, sql`l.entry_at`)}`
  const page = sql`(${leaves} ORDER BY l.origin_id, l.leaf_index LIMIT ${limit})`
  return sql`
    SELECT l.entry_id AS id, l.origin_id, l.leaf_index, l.hash, e.body
      FROM ${kind === undefined ? page : sql`(${leaves})`} AS l
      LEFT JOIN LATERAL (
        SELECT body FROM teams_audit_entries WHERE id = l.entry_id AND created_at = l.entry_at OFFSET 0
      ) AS e ON true
     WHERE ${conditions({ kind }, sql`l.entry_at`)}`
}

/**
 * Starts from the entries: for filters that match few. Materialized, because PostgreSQL would otherwise walk along all
 * leaves for the sake of the order.
 */
function sealedNarrowSql(filter: EntryFilter, from: EntryPosition): RawBuilder<unknown> {
  return sql`
    WITH wanted AS MATERIALIZED (
      SELECT e.id, e.body FROM teams_audit_entries e WHERE ${conditions(filter, sql`e.created_at`)}
    )
    SELECT l.entry_id AS id, l.origin_id, l.leaf_index, l.hash, w.body
      FROM wanted w JOIN teams_audit_leaves l ON l.entry_id = w.id
     WHERE ${leafConditions(filter, from)}`
}

async function unsealedEntriesSql(
  db: Kysely<Tables>,
  filter: EntryFilter,
  { afterId }: EntryPosition,
): Promise<RawBuilder<unknown>> {
  const origin = await readOrigin(db)
  const last = origin && (await readCheckpoint(db, origin.id))
  return sql`
    SELECT e.id, NULL::int AS origin_id, NULL::bigint AS leaf_index, NULL::bytea AS hash, e.body
      FROM teams_audit_entries e
     WHERE ${unsealedSql(last, await readCluster(db))} AND e.id > ${afterId}
       AND ${conditions(filter, sql`e.created_at`)}`
}

function leafConditions({ originId }: EntryFilter, from: EntryPosition): RawBuilder<unknown> {
  return sql`(l.origin_id, l.leaf_index) >= (${from.originId}::int, ${from.index}::bigint)
         AND l.entry_id > ${from.afterId}
         AND ${originId === undefined ? sql`true` : sql`l.origin_id = ${originId}`}`
}

function conditions({ since, until, kind, id, subjects }: EntryFilter, recordedAt: RawBuilder<unknown>) {
  const all = [
    since === undefined ? undefined : sql`${recordedAt} >= ${since}`,
    until === undefined ? undefined : sql`${recordedAt} < ${until}`,
    id === undefined ? undefined : sql`e.id = ${id}`,
    subjects === undefined ? undefined : sql`e.subject = ANY(${[...subjects]}::uuid[])`,
    kind === undefined ? undefined : kindCondition(kind),
  ].filter((condition) => condition !== undefined)
  return all.length === 0 ? sql`true` : sql.join(all, sql` AND `)
}

/** The bytes of every entry begin with its version and its kind. */
function kindCondition(kind: EntryKind): RawBuilder<unknown> {
  const start = `"kind":"${kind}",`
  return sql`position(convert_to(${start}, 'UTF8') IN substring(e.body FROM 1 FOR ${start.length + 16}::int)) > 0`
}

function entryOf({ id, origin_id, leaf_index, hash, body }: Row): ReadEntry {
  return {
    id: Number(id),
    leaf:
      origin_id === null || hash === null
        ? undefined
        : { originId: origin_id, index: Number(leaf_index), hash: Buffer.from(hash) },
    body: body === null ? undefined : Buffer.from(body),
  }
}

/** Ids of the events of a correlation id or with an id, and of their notifications. */
export async function readSubjects(
  db: Kysely<Tables>,
  of: { readonly correlationId: string } | { readonly eventId: string },
): Promise<readonly string[]> {
  const { rows } = await ('correlationId' in of
    ? sql<{ id: string }>`
        SELECT id FROM teams_events WHERE correlation_id = ${of.correlationId}
         UNION SELECT id FROM teams_notifications WHERE correlation_id = ${of.correlationId}
         UNION SELECT id FROM teams_actions
                WHERE event_ids && ARRAY(SELECT id FROM teams_events WHERE correlation_id = ${of.correlationId})`
    : sql<{ id: string }>`
        SELECT ${of.eventId}::uuid AS id UNION SELECT id FROM teams_notifications WHERE event_id = ${of.eventId}::uuid
         UNION SELECT id FROM teams_actions WHERE event_ids @> ARRAY[${of.eventId}::uuid]`
  ).execute(db)
  return rows.map(({ id }) => id)
}
