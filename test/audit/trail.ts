import { type Kysely, sql } from 'kysely'
import { expect } from 'vitest'
import { createFrontier, leafHash } from '../../src/audit/tree.ts'
import { readOrigin, readCheckpoint as storedCheckpoint } from '../../src/store/audit-tree.ts'
import { insertEntry } from '../../src/store/insert-entry.ts'
import type { Tables } from '../../src/store/tables.ts'

export type Db = Kysely<Tables>

export const addEntries = async (db: Db, count: number) => {
  for (let i = 0; i < count; i += 1) await insertEntry(db, 'record.month_moved', { month: `2020-${i}` })
}

/** Entries without a leaf. */
export async function unsealed(db: Db): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    SELECT count(*)::int AS count FROM teams_audit_entries e
     WHERE NOT EXISTS (SELECT 1 FROM teams_audit_leaves l WHERE l.entry_id = e.id)`.execute(db)
  return rows[0]?.count ?? -1
}

/** The leaves of the newest tree with their entries, in the order of the tree. */
export async function leaves(db: Db) {
  const { rows } = await sql<{ leaf_index: string; entry_id: string; body: Uint8Array }>`
    SELECT l.leaf_index, l.entry_id, e.body FROM teams_audit_leaves l JOIN teams_audit_entries e ON e.id = l.entry_id
     WHERE l.origin_id = (SELECT max(id) FROM teams_audit_origins) ORDER BY l.leaf_index`.execute(db)
  return rows
}

/** The newest checkpoint is the root of exactly the leaves there are, computed again from the entries. */
export async function expectSound(db: Db) {
  const rows = await leaves(db)
  expect(rows.map(({ leaf_index }) => Number(leaf_index))).toEqual(rows.map((_, index) => index))
  const frontier = createFrontier(0, [])
  for (const { body } of rows) frontier.append(leafHash(body))
  const origin = await readOrigin(db)
  const checkpoint = await storedCheckpoint(db, origin?.id ?? 0)
  expect(checkpoint?.size).toBe(rows.length)
  expect(checkpoint?.root.equals(frontier.root())).toBe(true)
  return checkpoint
}
