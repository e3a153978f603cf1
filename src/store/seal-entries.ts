import { type Kysely, type RawBuilder, sql } from 'kysely'
import { type StoredCheckpoint, splitHashes } from './audit-tree.ts'
import { NO_TIMEOUT } from './kysely-pool.ts'
import type { Tables } from './tables.ts'

/** What one sealing numbered. */
export interface Numbered {
  /** Hashes of the new leaves, in order. */
  readonly leaves: readonly Buffer[]
  /** Values for the checkpoint. */
  readonly snapshot: string
  readonly complete: boolean
  readonly cluster: string
}

/** A snapshot that sees no transaction. */
export const NOTHING_SEEN = '1:1:'

/** Lets one process at a time seal, until its transaction ends; false where another one does. */
export async function takeSealingLock(transaction: Kysely<Tables>): Promise<boolean> {
  const { rows } = await sql<{ taken: boolean }>`
    SELECT pg_try_advisory_xact_lock(hashtext('teams_audit_seal')) AS taken`.execute(transaction)
  return rows[0]?.taken ?? false
}

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
 * SQL of the entries without a leaf. OFFSET 0 makes PostgreSQL look each one up in the index: for an embedded database,
 * which is never analyzed, it would plan to read all leaves. Where any entry may be unsealed, it walks along both tables.
 */
export function unsealedSql(last: StoredCheckpoint | undefined, cluster: string): RawBuilder<unknown> {
  const each = canTellSeen(last, cluster) ? sql`OFFSET 0` : sql``
  return sql`${unseenSql(last, cluster)}
             AND NOT EXISTS (SELECT 1 FROM teams_audit_leaves l WHERE l.entry_id = e.id ${each})`
}

/**
 * SQL of the entries that no sealing before has seen: those of transactions that were open at the last checkpoint, and of
 * later ones. So an open transaction delays its own entries alone. Rejected: all entries older than the oldest open
 * transaction, which any forgotten transaction of the server stops.
 *
 * Without numbers that this server has not reached: after a restore into a server with lower numbers, nearly all entries
 * have such. Both bounds also let PostgreSQL expect few entries where it has no statistics, and use the index.
 */
export function unseenSql(last: StoredCheckpoint | undefined, cluster: string): RawBuilder<unknown> {
  if (!canTellSeen(last, cluster)) return sql`true`
  const { snapshot } = last
  // The text is xmin, xmax and the transactions that were open. As a constant, whose length PostgreSQL knows.
  const open = snapshot.split(':')[2]
  const wasOpen = open ? sql`OR e.xid = ANY(${`{${open}}`}::xid8[])` : sql``
  return sql`((e.xid >= pg_snapshot_xmax(${snapshot}::pg_snapshot) AND e.xid < pg_snapshot_xmax(pg_current_snapshot()))
              OR e.xid = pg_current_xact_id_if_assigned() ${wasOpen})`
}

/**
 * False where any entry may be unsealed, whatever its transaction: before the first sealing, and after a restore until a
 * sealing is complete.
 */
function canTellSeen(last: StoredCheckpoint | undefined, cluster: string): last is StoredCheckpoint {
  return last !== undefined && last.cluster === cluster && last.snapshot !== NOTHING_SEEN
}

/**
 * Numbers entries that have become visible since the last checkpoint, in the order of their ids. Of two changes of one row
 * the later has the higher id, and it became visible later or at the same time.
 *
 * The snapshot is the statement's own, so that an entry is either numbered or invisible to it. Where there are more than
 * `limit` entries, the checkpoint keeps the last snapshot, and the next sealing goes on. After a restore it looks at all
 * entries, for as long as that takes.
 *
 * Hashes of 32 bytes are sorted and numbered, and not the entries: those of a full sealing would go through the disk three times.
 *
 * Must be the only statement of its transaction that sees new entries: the snapshot counts the transaction's own as seen.
 */
export async function numberEntries(
  transaction: Kysely<Tables>,
  originId: number,
  last: StoredCheckpoint | undefined,
  limit: number,
): Promise<Numbered> {
  const cluster = await readCluster(transaction)
  const timeout = canTellSeen(last, cluster) ? sql`` : NO_TIMEOUT
  const { rows } = await sql<{ hashes: Uint8Array | null; snapshot: string }>`${timeout}
    WITH unsealed AS MATERIALIZED (
      SELECT e.id, e.created_at, sha256('\\x00'::bytea || e.body) AS hash FROM teams_audit_entries e
       WHERE ${unsealedSql(last, cluster)}
       ORDER BY e.id LIMIT ${limit}
    ), numbered AS MATERIALIZED (
      SELECT id, created_at, hash, ${last?.size ?? 0}::bigint - 1 + row_number() OVER (ORDER BY id) AS leaf_index
        FROM unsealed
    ), inserted AS (
      INSERT INTO teams_audit_leaves (origin_id, leaf_index, entry_id, entry_at, hash)
      SELECT ${originId}::int, leaf_index, id, created_at, hash FROM numbered
    )
    SELECT pg_current_snapshot()::text AS snapshot,
           (SELECT string_agg(hash, ''::bytea ORDER BY leaf_index) FROM numbered) AS hashes`.execute(transaction)
  const leaves = splitHashes(rows[0]?.hashes)
  const complete = leaves.length < limit
  const sameCluster = last !== undefined && last.cluster === cluster
  const before = sameCluster ? last.snapshot : NOTHING_SEEN
  return { leaves, complete, cluster, snapshot: complete ? (rows[0]?.snapshot ?? before) : before }
}
