import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { StoredCheckpoint } from './audit-tree.ts'
import type { Tables } from './tables.ts'

/** Most entries of one sealing: a second of work, in which other statements go on. */
export const MAX_PER_SEALING = 20_000

/** A snapshot that sees no transaction. */
export const NOTHING_SEEN = '1:1:'

/**
 * The server and database whose transaction numbers the snapshots have. After a dump was restored into another one, numbers
 * start again, and no entry can be told by them.
 */
export async function readCluster(db: Kysely<Tables>): Promise<string> {
  const { rows } = await sql<{ cluster: string }>`
    SELECT (SELECT system_identifier FROM pg_control_system()) || ':' ||
           (SELECT oid FROM pg_database WHERE datname = current_database()) AS cluster`.execute(db)
  const [row] = rows
  if (!row) throw new Error('the database did not say which it is')
  return row.cluster
}

/**
 * The snapshot whose entries are sealed; undefined where any entry may be unsealed, whatever its transaction: before the first
 * sealing, and after a restore until a pass has ended.
 */
export function sealedSnapshot(last: StoredCheckpoint | undefined, cluster: string): string | undefined {
  return last?.cluster === cluster && last.snapshot !== NOTHING_SEEN ? last.snapshot : undefined
}

/** The pass that goes on; undefined for none. One of another server says nothing here. */
export function passOf(last: StoredCheckpoint | undefined, cluster: string): StoredCheckpoint['pass'] {
  return last?.cluster === cluster ? last.pass : undefined
}

/**
 * SQL of the entries without a leaf. OFFSET 0 makes PostgreSQL look each one up in the index: for an embedded database,
 * which is never analyzed, it would plan to read all leaves. Where any entry may be unsealed, it walks along both tables.
 */
export function unsealedSql(last: StoredCheckpoint | undefined, cluster: string): RawBuilder<unknown> {
  const pass = passOf(last, cluster)
  const snapshot = pass?.snapshot ?? sealedSnapshot(last, cluster)
  if (snapshot === undefined) return sql`NOT EXISTS (SELECT 1 FROM teams_audit_leaves l WHERE l.entry_id = e.id)`
  const unseen = sql.join(unseenConditions(snapshot), sql` OR `)
  return sql`(${pass === undefined ? sql`` : sql`e.id > ${pass.after}::bigint OR `}${unseen}) AND ${WITHOUT_LEAF}`
}

/**
 * SQL of entries among which are those that the next sealings number first. Some have a leaf, and after the end of a pass there
 * may be others before them.
 */
export function nextSql(last: StoredCheckpoint | undefined, cluster: string, limit: number): RawBuilder<unknown> {
  const pass = passOf(last, cluster)
  const sealed = sealedSnapshot(last, cluster)
  if (pass !== undefined) return sql`(${rangeSql(pass, limit)}) UNION ALL ${unseenSql(pass.snapshot, limit)}`
  return sealed === undefined ? rangeSql({ after: '0', until: MAX_ID }, limit) : unseenSql(sealed, limit)
}

/** The highest id that there can be. */
const MAX_ID = '9223372036854775807'

/** SQL condition of an entry without a leaf, for one that looks at few entries: it reads the index for each of them. */
export const WITHOUT_LEAF = sql`NOT EXISTS (SELECT 1 FROM teams_audit_leaves l WHERE l.entry_id = e.id OFFSET 0)`

/**
 * SQL of entries that a snapshot does not see, and a few that have a leaf all the same; of each condition not more than `limit`,
 * of those of later transactions the first. Reads no more than that after {@link ALONG_INDEXES}.
 *
 * Each condition has a SELECT of its own, because PostgreSQL would read the whole index for an OR of them. Leaves are looked for
 * in the outcome: after a restore, any number of sealed entries may have numbers of later transactions.
 */
export function unseenSql(snapshot: string, limit: number): RawBuilder<unknown> {
  const each = unseenConditions(snapshot).map(
    (condition) => sql`
      (SELECT e.id, e.created_at, e.body FROM teams_audit_entries e WHERE ${condition} ORDER BY e.xid LIMIT ${limit}::int)`,
  )
  return sql.join(each, sql` UNION ALL `)
}

/**
 * SQL of settings that make PostgreSQL read entries along an index until there are enough, for the rest of the transaction. Of a
 * table that was not analyzed since a backlog came, it expects few and would read the whole backlog to sort it. Without JIT,
 * which the costs of what is off would start: a second for each sealing.
 */
export const ALONG_INDEXES = sql`
  set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true), set_config('enable_sort', 'off', true),
  set_config('jit', 'off', true)`

/** SQL of the first entries with ids above one and up to another. */
export function rangeSql({ after, until }: { readonly after: string; readonly until: string }, limit: number) {
  return sql`
      SELECT e.id, e.created_at, e.body FROM teams_audit_entries e
       WHERE e.id > ${after}::bigint AND e.id <= ${until}::bigint ORDER BY e.id LIMIT ${limit}::int`
}

/**
 * SQL conditions, of which an entry that a snapshot does not see meets one: its transaction was open then, or began later. So
 * an open transaction delays its own entries alone. Rejected: all entries older than the oldest open transaction, which any
 * forgotten transaction of the server stops.
 *
 * Without numbers that this server has not reached: after a restore into a server with lower numbers, nearly all entries
 * have such. Both bounds also let PostgreSQL expect few entries where it has no statistics, and use the index.
 */
function unseenConditions(snapshot: string): readonly RawBuilder<unknown>[] {
  // The text is xmin, xmax and the transactions that were open. As a constant, whose length PostgreSQL knows.
  const open = snapshot.split(':')[2]
  return [
    ...(open ? [sql`e.xid = ANY(${`{${open}}`}::xid8[])`] : []),
    sql`e.xid >= pg_snapshot_xmax(${snapshot}::pg_snapshot) AND e.xid < pg_snapshot_xmax(pg_current_snapshot())`,
    // The entry of this transaction itself, which is not below that bound.
    sql`e.xid = pg_current_xact_id_if_assigned() AND e.xid >= pg_snapshot_xmax(pg_current_snapshot())`,
  ]
}
