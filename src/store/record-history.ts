import { type Kysely, sql } from 'kysely'
import { openCursor } from './cursors.ts'
import { millisecondsSql } from './record-in-order.ts'
import type { Tables } from './tables.ts'

/** An entry about no event, notification or silence. */
export interface EntryWithoutSubject {
  readonly id: string
  readonly created_at: string
  readonly body: string
}

/** Rows of one piece of the reading. */
const PIECE = 1_000

/** Reads the entries without a subject, in the order of their ids. Reads all entries, because no index has these. */
export async function* readEntriesWithoutSubject(
  transaction: Kysely<Tables>,
): AsyncGenerator<readonly EntryWithoutSubject[], void> {
  const cursor = await openCursor(
    transaction,
    'verify_history',
    sql<EntryWithoutSubject>`
      SELECT e.id::text AS id, ${millisecondsSql('e.created_at')} AS created_at,
             encode(e.body, 'escape') AS body
        FROM teams_audit_entries e WHERE e.subject IS NULL ORDER BY e.id`,
  )
  for (;;) {
    const rows = await cursor.fetch(PIECE)
    if (rows.length > 0) yield rows
    if (rows.length < PIECE) break
  }
  await cursor.close()
}

/** The id of the first entry with a subject, which is of the first change of a row; undefined before there is one. */
export async function readFirstChange(db: Kysely<Tables>): Promise<string | undefined> {
  const { rows } = await sql<{ id: string }>`
    SELECT e.id::text AS id FROM teams_audit_entries e WHERE e.subject IS NOT NULL ORDER BY e.id LIMIT 1`.execute(db)
  return rows[0]?.id
}

/**
 * Whether gateways without an audit trail ever worked with this database: false where migrations 0004 and 0005 were applied
 * together, as on an empty database.
 */
export async function hadEarlierVersion(db: Kysely<Tables>): Promise<boolean> {
  const { rows } = await sql<{ name: string; timestamp: string }>`
    SELECT name, timestamp FROM teams_migrations WHERE name LIKE '0004\\_%' OR name LIKE '0005\\_%' ORDER BY name`.execute(
    db,
  )
  const [before, audit] = rows.map(({ timestamp }) => Date.parse(timestamp))
  return !(before !== undefined && audit !== undefined && audit - before < TOGETHER_MS)
}

/** Milliseconds within which two migrations of one run are applied, with pauses for locks. */
const TOGETHER_MS = 60_000
