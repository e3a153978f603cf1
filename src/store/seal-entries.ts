import { type Kysely, type RawBuilder, sql } from 'kysely'
import { type StoredCheckpoint, splitHashes } from './audit-tree.ts'
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
 * SQL of the entries that no sealing before has seen: those of transactions that were open at the last checkpoint, and of
 * later ones. So an open transaction delays its own entries alone. Rejected: all entries older than the oldest open
 * transaction, which any forgotten transaction of the server stops.
 */
export function unsealedSql(last: StoredCheckpoint | undefined, cluster: string): RawBuilder<unknown> {
  if (last === undefined || last.cluster !== cluster) return sql`true`
  return sql`(e.xid >= pg_snapshot_xmax(${last.snapshot}::pg_snapshot)
              OR e.xid = ANY(ARRAY(SELECT pg_snapshot_xip(${last.snapshot}::pg_snapshot))))`
}

/**
 * Numbers entries that have become visible since the last checkpoint, in the order of their ids. Of two changes of one row
 * the later has the higher id, and it became visible later or at the same time.
 *
 * The snapshot is the statement's own, so that an entry is either numbered or invisible to it. Where there are more than
 * `limit` entries, the checkpoint keeps the last snapshot, and the next sealing goes on.
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
  const { rows } = await sql<{ hashes: Uint8Array | null; snapshot: string }>`
    WITH unsealed AS MATERIALIZED (
      SELECT e.id, e.created_at, e.body FROM teams_audit_entries e
       WHERE ${unsealedSql(last, cluster)}
         AND NOT EXISTS (SELECT 1 FROM teams_audit_leaves l WHERE l.entry_id = e.id)
       ORDER BY e.id LIMIT ${limit}
    ), numbered AS (
      INSERT INTO teams_audit_leaves (origin_id, leaf_index, entry_id, entry_at, hash)
      SELECT ${originId}::int, ${last?.size ?? 0}::bigint - 1 + row_number() OVER (ORDER BY id), id, created_at,
             sha256('\\x00'::bytea || body)
        FROM unsealed
      RETURNING leaf_index, hash
    )
    SELECT pg_current_snapshot()::text AS snapshot,
           (SELECT string_agg(hash, ''::bytea ORDER BY leaf_index) FROM numbered) AS hashes`.execute(transaction)
  const leaves = splitHashes(rows[0]?.hashes)
  const complete = leaves.length < limit
  const sameCluster = last !== undefined && last.cluster === cluster
  const before = sameCluster ? last.snapshot : NOTHING_SEEN
  return { leaves, complete, cluster, snapshot: complete ? (rows[0]?.snapshot ?? before) : before }
}
