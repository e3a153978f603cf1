import { type Kysely, sql } from 'kysely'
import { openCursor } from './cursors.ts'
import { millisecondsSql } from './record-in-order.ts'
import type { Tables } from './tables.ts'

/** A value whose hash is in an entry and that no other row has, with the entry. */
export interface StoredValue {
  readonly id: string
  readonly field: string
  readonly salt: string
  readonly value: string
  readonly created_at: string | null
  /** The entry's bytes, as `StoredEntry` has them; null where it is gone. */
  readonly body: string | null
}

/** Rows of one piece of the reading. */
const PIECE = 200

/** Reads `teams_audit_values` in the order of entries. */
export async function* readValues(transaction: Kysely<Tables>): AsyncGenerator<readonly StoredValue[], void> {
  const cursor = await openCursor(
    transaction,
    'verify_values',
    sql<StoredValue>`
      SELECT v.entry_id::text AS id, v.field, v.salt, v.value, ${millisecondsSql('e.created_at')} AS created_at,
             encode(e.body, 'escape') AS body
        FROM teams_audit_values v LEFT JOIN teams_audit_entries e ON e.id = v.entry_id
       ORDER BY v.entry_id, v.field`,
  )
  for (;;) {
    const rows = await cursor.fetch(PIECE)
    if (rows.length > 0) yield rows
    if (rows.length < PIECE) break
  }
  await cursor.close()
}
