import { type Kysely, sql } from 'kysely'
import type { Tables } from './tables.ts'

/** Bytes of a leaf in {@link LeafBatch.heads}. */
export const LEAF_HEAD_BYTES = 76

/**
 * Leaves of a tree in their order, with the entries that they name. Two byte strings and no rows: reading a row for each
 * leaf takes more CPU than hashing its entry.
 */
export interface LeafBatch {
  readonly count: number
  /**
   * {@link LEAF_HEAD_BYTES} for each leaf, all numbers big-endian: 8 bytes of its number, 8 of the entry's id, 8 of the
   * microseconds since 2000 of `entry_at`, 32 of the hash (zeros where it has another length), 4 of the length of the entry
   * (-1 where it is gone), 16 of the subject (zeros for null).
   */
  readonly heads: Buffer
  /** The entries that are there, each after a zero byte: the input of the hash of a leaf (RFC 6962). */
  readonly bodies: Buffer
}

const NONE = Buffer.alloc(0)

/**
 * Reads the leaves from number `from` on, without those from number `end` on: a few thousand at most. By both bounds and not
 * by LIMIT, for which PostgreSQL sorts all later leaves of a tree that was not analyzed yet.
 *
 * @param transaction sets `jit` for itself: the estimate for thousands of index lookups in many months is high enough for
 *   PostgreSQL to compile the statement each time, which takes longer than to execute it
 */
export async function readLeaves(
  transaction: Kysely<Tables>,
  originId: number,
  { from, end }: { readonly from: number; readonly end: number },
): Promise<LeafBatch> {
  await sql`SET LOCAL jit = off`.execute(transaction)
  // OFFSET 0 keeps the planner from joining with all months at once, of which it would read every row.
  const { rows } = await sql<{ heads: Uint8Array | null; bodies: Uint8Array | null }>`
    WITH leaf AS MATERIALIZED (
      SELECT leaf_index, entry_id, entry_at, hash FROM teams_audit_leaves
       WHERE origin_id = ${originId} AND leaf_index >= ${from} AND leaf_index < ${end}
    )
    SELECT string_agg(int8send(l.leaf_index) || int8send(l.entry_id) || timestamptz_send(l.entry_at)
                      || CASE WHEN octet_length(l.hash) = 32 THEN l.hash ELSE decode(repeat('00', 32), 'hex') END
                      || int4send(coalesce(octet_length(e.body), -1))
                      || coalesce(uuid_send(e.subject), '\\x00000000000000000000000000000000'::bytea),
                      ''::bytea ORDER BY l.leaf_index) AS heads,
           string_agg('\\x00'::bytea || e.body, ''::bytea ORDER BY l.leaf_index) AS bodies
      FROM leaf l
      LEFT JOIN LATERAL (
        SELECT body, subject FROM teams_audit_entries
         WHERE id = l.entry_id AND created_at = l.entry_at OFFSET 0
      ) e ON true`.execute(transaction)
  const heads = bytes(rows[0]?.heads)
  return { count: heads.length / LEAF_HEAD_BYTES, heads, bodies: bytes(rows[0]?.bodies) }
}

function bytes(value: Uint8Array | null | undefined): Buffer {
  return value ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : NONE
}
