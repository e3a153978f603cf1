import { type Kysely, sql } from 'kysely'
import type { Tables } from './tables.ts'
import { NOTHING_SEEN, readCluster } from './unsealed-entries.ts'

/** Waits until no other process seals, and lets none seal until the transaction ends. */
export async function lockSealing(transaction: Kysely<Tables>): Promise<void> {
  await sql`SELECT pg_advisory_xact_lock(hashtext('teams_audit_seal'))`.execute(transaction)
}

/**
 * Makes an entry the first of a tree, before unsealed ones with lower ids. Named by its id: after a restore, entries of the
 * server before may have the number of this transaction.
 *
 * @returns its leaf hash
 */
export async function insertFirstLeaf(transaction: Kysely<Tables>, originId: number, entryId: string): Promise<Buffer> {
  const { rows } = await sql<{ hash: Uint8Array }>`
    INSERT INTO teams_audit_leaves (origin_id, leaf_index, entry_id, entry_at, hash)
    SELECT ${originId}::int, 0, id, created_at, sha256('\\x00'::bytea || body)
      FROM teams_audit_entries WHERE id = ${entryId}::bigint
    RETURNING hash`.execute(transaction)
  const [row] = rows
  if (row === undefined || rows.length > 1) throw new Error(`a tree begins with one entry, not ${rows.length}`)
  return Buffer.from(row.hash)
}

/** Where the sealing of a new tree begins: entries that the last sealing of the tree before has not seen. */
export async function sealedBefore(
  db: Kysely<Tables>,
  last: { readonly snapshot: string; readonly cluster: string } | undefined,
): Promise<{ readonly snapshot: string; readonly cluster: string }> {
  return last === undefined
    ? { snapshot: NOTHING_SEEN, cluster: await readCluster(db) }
    : { snapshot: last.snapshot, cluster: last.cluster }
}
