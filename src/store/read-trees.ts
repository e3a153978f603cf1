import { type Kysely, sql } from 'kysely'
import type { Origin } from './audit-tree.ts'
import type { Tables } from './tables.ts'

/** A tree and how far it reaches. */
export interface StoredTree extends Origin {
  /** Number after that of the last leaf; 0 for a tree without leaves. */
  readonly end: number
  /** Id of the newest checkpoint; 0 for none. */
  readonly lastCheckpointId: number
  /** Size of the newest checkpoint. */
  readonly sealedSize: number
}

/** All trees, the oldest first, as of one moment: a sealing that ends meanwhile is seen as a whole or not at all. */
export async function readTrees(db: Kysely<Tables>): Promise<readonly StoredTree[]> {
  const { rows } = await sql<{ id: number; origin: string; end: string; last_id: string; sealed: string }>`
    SELECT o.id, o.origin, coalesce(leaf.last + 1, 0)::text AS "end",
           coalesce(c.id, 0)::text AS last_id, coalesce(c.size, 0)::text AS sealed
      FROM teams_audit_origins o
      LEFT JOIN LATERAL (SELECT max(leaf_index) AS last FROM teams_audit_leaves WHERE origin_id = o.id) leaf ON true
      LEFT JOIN LATERAL (SELECT id, size FROM teams_audit_checkpoints WHERE origin_id = o.id
                          ORDER BY id DESC LIMIT 1) c ON true
     ORDER BY o.id`.execute(db)
  return rows.map((row) => ({
    id: row.id,
    name: row.origin,
    end: Number(row.end),
    lastCheckpointId: Number(row.last_id),
    sealedSize: Number(row.sealed),
  }))
}

/** A stored subtree hash, by `level/index`. */
export type StoredNodes = ReadonlyMap<string, Buffer>

/** Reads the stored hashes of the subtrees whose last leaf has a number from `from` up to and without `end`. */
export async function readNodes(
  db: Kysely<Tables>,
  originId: number,
  { from, end }: { readonly from: number; readonly end: number },
): Promise<StoredNodes> {
  const ranges: ReturnType<typeof sql>[] = []
  for (let level = 1, leaves = 256; leaves <= end; level += 1, leaves *= 256) {
    const [first, last] = [Math.floor(from / leaves), Math.floor(end / leaves) - 1]
    if (first <= last) ranges.push(sql`(level = ${level} AND node_index >= ${first} AND node_index <= ${last})`)
  }
  if (ranges.length === 0) return new Map()
  const { rows } = await sql<{ level: number; node_index: string; hash: Uint8Array }>`
    SELECT level, node_index, hash FROM teams_audit_nodes
     WHERE origin_id = ${originId} AND (${sql.join(ranges, sql` OR `)})`.execute(db)
  return new Map(rows.map(({ level, node_index, hash }) => [`${level}/${node_index}`, Buffer.from(hash)]))
}
