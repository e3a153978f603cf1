import { type Kysely, type RawBuilder, sql } from 'kysely'
import { type Pass, type StoredCheckpoint, splitHashes } from './audit-tree.ts'
import type { Tables } from './tables.ts'
import {
  ALONG_INDEXES,
  NOTHING_SEEN,
  passOf,
  rangeSql,
  readCluster,
  sealedSnapshot,
  unseenSql,
  WITHOUT_LEAF,
} from './unsealed-entries.ts'

/** What one sealing numbered. */
export interface Numbered extends Pick<StoredCheckpoint, 'snapshot' | 'complete' | 'cluster' | 'lastId' | 'pass'> {
  /** Hashes of the new leaves, in order. */
  readonly leaves: readonly Buffer[]
}

/**
 * Lets one process at a time seal, until its transaction ends; false where another one does. Lets PostgreSQL look for entries
 * along indexes.
 */
export async function takeSealingLock(transaction: Kysely<Tables>): Promise<boolean> {
  const { rows } = await sql<{ taken: boolean }>`
    SELECT pg_try_advisory_xact_lock(hashtext('teams_audit_seal')) AS taken, ${ALONG_INDEXES}`.execute(transaction)
  return rows[0]?.taken ?? false
}

/**
 * Numbers entries that have become visible since the last checkpoint, in the order of their ids. Of two changes of one row
 * the later has the higher id, and it became visible later or at the same time.
 *
 * Where there are more than `limit` entries, or any entry may be unsealed, it begins a {@link Pass} of several sealings. Each of
 * them looks at no more than `limit` entries, or at one more to see that there are too many. Rejected: to look for the entries
 * without a leaf each time, which reads all that earlier sealings have done.
 *
 * The snapshot is that of the statement that looked for entries, so that an entry is either looked at or invisible to it. The
 * transaction's own entries must be there before.
 */
export async function numberEntries(
  transaction: Kysely<Tables>,
  originId: number,
  last: StoredCheckpoint | undefined,
  limit: number,
): Promise<Numbered> {
  const cluster = await readCluster(transaction)
  const tree = { originId, size: last?.size ?? 0 }
  const goingOn = passOf(last, cluster)
  if (goingOn !== undefined && last !== undefined)
    return numberInPass(transaction, tree, { ...last, pass: goingOn }, limit)
  // Before the snapshot.
  const lastId = await readLastId(transaction)
  const sealed = sealedSnapshot(last, cluster)
  const before = { snapshot: sealed ?? NOTHING_SEEN, cluster, lastId }
  if (sealed === undefined) {
    const { rows } = await sql<{ snapshot: string }>`SELECT pg_current_snapshot()::text AS snapshot`.execute(
      transaction,
    )
    const pass = { snapshot: rows[0]?.snapshot ?? NOTHING_SEEN, after: '0', until: await readUntil(transaction) }
    return numberInPass(transaction, tree, { ...before, pass }, limit)
  }
  const { lookedAt, leaves, snapshot } = await number(transaction, tree, unseenSql(sealed, limit + 1), limit)
  if (lookedAt <= limit) return { ...before, leaves, snapshot, complete: true, pass: undefined }
  // In this order: of two changes of one row, the pass must not have the later alone.
  const until = await readUntil(transaction)
  const pass = { snapshot, after: await readIdBefore(transaction, sealed, cluster), until }
  return numberInPass(transaction, tree, { ...before, pass }, limit)
}

/**
 * Numbers the next entries of a pass.
 *
 * Those that have become visible since the pass began are numbered too: leaves of two changes of one row stay in order, as the
 * earlier one was visible before the later one had its id.
 */
async function numberInPass(
  transaction: Kysely<Tables>,
  tree: Tree,
  from: Pick<StoredCheckpoint, 'snapshot' | 'cluster' | 'lastId'> & { readonly pass: Pass },
  limit: number,
): Promise<Numbered> {
  const { snapshot, cluster, lastId, pass } = from
  const { lookedAt, leaves, lastLookedAt } = await number(transaction, tree, rangeSql(pass, limit), limit)
  return lookedAt < limit || lastLookedAt === null
    ? { leaves, cluster, lastId, snapshot: pass.snapshot, complete: true, pass: undefined }
    : { leaves, cluster, lastId, snapshot, complete: false, pass: { ...pass, after: lastLookedAt } }
}

interface Tree {
  readonly originId: number
  readonly size: number
}

/**
 * Adds leaves for the entries of a SELECT that have none, in the order of their ids; none where it has more than `limit` entries.
 *
 * Hashes of 32 bytes are sorted and numbered, and not the entries: those of a full sealing would go through the disk three times.
 */
async function number(
  transaction: Kysely<Tables>,
  { originId, size }: Tree,
  entries: RawBuilder<unknown>,
  limit: number,
): Promise<{
  readonly leaves: readonly Buffer[]
  readonly lookedAt: number
  readonly lastLookedAt: string | null
  readonly snapshot: string
}> {
  const { rows } = await sql<{ hashes: Uint8Array | null; count: number; last_id: string | null; snapshot: string }>`
    WITH looked_at AS MATERIALIZED (
      SELECT e.id, e.created_at, CASE WHEN ${WITHOUT_LEAF} THEN sha256('\\x00'::bytea || e.body) END AS hash
        FROM (${entries}) AS e
    ), numbered AS MATERIALIZED (
      SELECT id, created_at, hash, ${size}::bigint - 1 + row_number() OVER (ORDER BY id) AS leaf_index
        FROM looked_at WHERE hash IS NOT NULL AND (SELECT count(*) FROM looked_at) <= ${limit}::int
    ), inserted AS (
      INSERT INTO teams_audit_leaves (origin_id, leaf_index, entry_id, entry_at, hash)
      SELECT ${originId}::int, leaf_index, id, created_at, hash FROM numbered
    )
    SELECT pg_current_snapshot()::text AS snapshot,
           (SELECT count(*)::int FROM looked_at) AS count, (SELECT max(id)::text FROM looked_at) AS last_id,
           (SELECT string_agg(hash, ''::bytea ORDER BY leaf_index) FROM numbered) AS hashes`.execute(transaction)
  const [row] = rows
  if (row === undefined) throw new Error('the database did not say what it numbered')
  return { leaves: splitHashes(row.hashes), lookedAt: row.count, lastLookedAt: row.last_id, snapshot: row.snapshot }
}

/** The newest id that was given to an entry, whether or not its transaction has ended; 0 before the first. */
async function readLastId(transaction: Kysely<Tables>): Promise<string> {
  const { rows } = await sql<{ last_id: string | null }>`
    SELECT pg_sequence_last_value('teams_audit_entries_id_seq'::regclass)::text AS last_id`.execute(transaction)
  return rows[0]?.last_id ?? '0'
}

/** An id that no visible entry is above: entries that were copied into the database may have ids above the sequence's. */
async function readUntil(transaction: Kysely<Tables>): Promise<string> {
  const { rows } = await sql<{ until: string }>`
    SELECT greatest(pg_sequence_last_value('teams_audit_entries_id_seq'::regclass),
                    (SELECT max(id) FROM teams_audit_entries), 0)::text AS until`.execute(transaction)
  return rows[0]?.until ?? '0'
}

/**
 * An id below those of all visible entries that a snapshot does not see: the last one from before a snapshot that is older than
 * the oldest of their transactions. 0 where no checkpoint has one, as with those of the version before.
 */
async function readIdBefore(transaction: Kysely<Tables>, snapshot: string, cluster: string): Promise<string> {
  const { rows } = await sql<{ last_id: string }>`
    SELECT c.last_id::text AS last_id FROM teams_audit_checkpoints c
     WHERE c.complete AND c.last_id IS NOT NULL AND c.cluster = ${cluster}
       AND pg_snapshot_xmax(c.snapshot) <= coalesce(
             (SELECT o.xid FROM pg_snapshot_xip(${snapshot}::pg_snapshot) AS o (xid)
               WHERE EXISTS (SELECT 1 FROM teams_audit_entries e WHERE e.xid = o.xid) ORDER BY o.xid LIMIT 1),
             pg_snapshot_xmax(${snapshot}::pg_snapshot))
     ORDER BY c.id DESC LIMIT 1`.execute(transaction)
  return rows[0]?.last_id ?? '0'
}
