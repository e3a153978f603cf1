import { type Kysely, sql } from 'kysely'
import type { Tables } from './tables.ts'

/** A tree of the audit trail. */
export interface Origin {
  readonly id: number
  /** The first line of its checkpoints. */
  readonly name: string
}

/**
 * A pass of several sealings over entries in the order of their ids: over all entries, or over those of a backlog. It keeps the
 * place, so that each sealing reads its own entries only.
 */
export interface Pass {
  /** PostgreSQL's text of the snapshot with which it began. At its end, the entries that this one sees are sealed. */
  readonly snapshot: string
  /** The id that it has come to. */
  readonly after: string
  /** The id at which it ends. */
  readonly until: string
}

/** A checkpoint as stored: the tree at the end of one sealing. */
export interface StoredCheckpoint {
  readonly size: number
  readonly root: Buffer
  /** The signed note; null where there was no key. */
  readonly note: string | null
  readonly sealedAt: Date
  /** Its age in milliseconds on the database's clock; negative after that was set back. */
  readonly ageMs: number
  /** PostgreSQL's text of the snapshot whose entries are sealed. */
  readonly snapshot: string
  /** False where more entries were visible than one sealing takes, until the pass over them has ended. */
  readonly complete: boolean
  readonly cluster: string
  /**
   * An id from before the snapshot of the pass, or from before `snapshot` where none goes on: entries of transactions that began
   * after that have higher ids. Null in checkpoints of a version before.
   */
  readonly lastId: string | null
  readonly pass: Pass | undefined
}

/** The tree that entries are added to: the newest origin. Undefined before the first sealing. */
export async function readOrigin(db: Kysely<Tables>): Promise<Origin | undefined> {
  const row = await db
    .selectFrom('teams_audit_origins')
    .select(['id', 'origin'])
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row && { id: row.id, name: row.origin }
}

/** Every tree, the oldest first. */
export async function readOrigins(db: Kysely<Tables>): Promise<readonly Origin[]> {
  const rows = await db.selectFrom('teams_audit_origins').select(['id', 'origin']).orderBy('id').execute()
  return rows.map(({ id, origin }) => ({ id, name: origin }))
}

/** The newest signed checkpoint of a tree; undefined where none is signed. */
export async function readSignedCheckpoint(
  db: Kysely<Tables>,
  originId: number,
): Promise<(Pick<StoredCheckpoint, 'size' | 'root' | 'sealedAt'> & { readonly note: string }) | undefined> {
  const row = await db
    .selectFrom('teams_audit_checkpoints')
    .select(['size', 'root', 'note', 'sealed_at'])
    .where('origin_id', '=', originId)
    .where('note', 'is not', null)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (row === undefined || row.note === null) return undefined
  return { size: Number(row.size), root: Buffer.from(row.root), note: row.note, sealedAt: row.sealed_at }
}

/** Begins a tree. Ids of origins are counted from 1. */
export async function insertOrigin(db: Kysely<Tables>, origin: Origin): Promise<void> {
  await sql`INSERT INTO teams_audit_origins (id, origin) VALUES (${origin.id}, ${origin.name})`.execute(db)
}

/** The newest checkpoint of a tree; undefined before its first sealing. */
export async function readCheckpoint(db: Kysely<Tables>, originId: number): Promise<StoredCheckpoint | undefined> {
  const row = await db
    .selectFrom('teams_audit_checkpoints')
    .select(['size', 'root', 'note', 'sealed_at', 'complete', 'cluster', 'last_id', 'pass_after', 'pass_until'])
    .select([
      sql<string>`snapshot::text`.as('snapshot'),
      sql<string | null>`pass_snapshot::text`.as('pass_snapshot'),
      sql<number>`(extract(epoch FROM clock_timestamp() - sealed_at) * 1000)::float8`.as('age_ms'),
    ])
    .where('origin_id', '=', originId)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
  return (
    row && {
      size: Number(row.size),
      root: Buffer.from(row.root),
      note: row.note,
      sealedAt: row.sealed_at,
      ageMs: row.age_ms,
      snapshot: row.snapshot,
      complete: row.complete,
      cluster: row.cluster,
      lastId: row.last_id,
      pass:
        row.pass_snapshot === null || row.pass_after === null || row.pass_until === null
          ? undefined
          : { snapshot: row.pass_snapshot, after: row.pass_after, until: row.pass_until },
    }
  )
}

/** Adds a checkpoint. `sealed_at` is the database's clock. */
export async function insertCheckpoint(
  db: Kysely<Tables>,
  originId: number,
  checkpoint: Omit<StoredCheckpoint, 'sealedAt' | 'ageMs'>,
): Promise<void> {
  const { size, root, note, snapshot, complete, cluster, lastId, pass } = checkpoint
  await sql`
    INSERT INTO teams_audit_checkpoints (origin_id, size, root, note, snapshot, complete, cluster, last_id,
                                         pass_snapshot, pass_after, pass_until)
    VALUES (${originId}, ${size}, ${root}, ${note}, ${snapshot}::pg_snapshot, ${complete}, ${cluster}, ${lastId}::bigint,
            ${pass?.snapshot ?? null}::pg_snapshot, ${pass?.after ?? null}::bigint, ${pass?.until ?? null}::bigint)`.execute(
    db,
  )
}

/** The root of a complete subtree of 256 to the power of `level` leaves. */
export interface TreeNode {
  readonly level: number
  readonly index: number
  readonly hash: Buffer
}

/** Adds the roots of subtrees that are complete now. */
export async function insertNodes(db: Kysely<Tables>, originId: number, nodes: readonly TreeNode[]): Promise<void> {
  if (nodes.length === 0) return
  const rows = nodes.map(({ level, index, hash }) => ({ level, index, hash: hash.toString('hex') }))
  await sql`
    INSERT INTO teams_audit_nodes (origin_id, level, node_index, hash)
    SELECT ${originId}, j.level, j.index, decode(j.hash, 'hex')
      FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS j (level integer, index bigint, hash text)`.execute(db)
}

/**
 * Reads the first hashes of a tile (c2sp.org/tlog-tiles): level 0 are leaves, every level above the roots of 256 hashes of
 * the level below.
 */
export async function readTile(
  db: Kysely<Tables>,
  originId: number,
  level: number,
  index: number,
  width: number,
): Promise<readonly Buffer[]> {
  const from = index * 256
  const { rows } = await (level === 0
    ? sql<{ hashes: Uint8Array | null }>`
        SELECT string_agg(hash, ''::bytea ORDER BY leaf_index) AS hashes FROM teams_audit_leaves
         WHERE origin_id = ${originId} AND leaf_index >= ${from} AND leaf_index < ${from + width}`
    : sql<{ hashes: Uint8Array | null }>`
        SELECT string_agg(hash, ''::bytea ORDER BY node_index) AS hashes FROM teams_audit_nodes
         WHERE origin_id = ${originId} AND level = ${level} AND node_index >= ${from} AND node_index < ${from + width}`
  ).execute(db)
  return splitHashes(rows[0]?.hashes)
}

/** Splits joined hashes of 32 bytes. Joined, because `pg` reads a list of bytea ten times slower. */
export function splitHashes(joined: Uint8Array | null | undefined): readonly Buffer[] {
  if (!joined) return []
  const bytes = Buffer.from(joined.buffer, joined.byteOffset, joined.byteLength)
  return Array.from({ length: bytes.length / 32 }, (_, index) => bytes.subarray(index * 32, index * 32 + 32))
}
