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

/** Reads the entries without a subject, in the order of their ids, by the index that begins with the subject. */
export async function* readEntriesWithoutSubject(
  transaction: Kysely<Tables>,
): AsyncGenerator<readonly EntryWithoutSubject[], void> {
  const cursor = await openCursor(
    transaction,
    'verify_history',
    sql<EntryWithoutSubject>`
      SELECT e.id::text AS id, ${millisecondsSql('e.created_at')} AS created_at,
             encode(e.body, 'escape') AS body
        FROM teams_audit_entries e WHERE e.subject IS NULL ORDER BY e.subject, e.id`,
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
 * Whether gateways without an audit trail ever worked with this database: its first migration is at least a minute older than
 * the one that begins the trail, or some seconds older with rows without a salt in between. A new database gets all migrations
 * within about a second. Rows alone show nothing, because one inserted row would explain all others.
 *
 * @param beganAt when the trail began
 */
export async function hadEarlierVersion(db: Kysely<Tables>, beganAt: Date | string): Promise<boolean> {
  const { rows } = await sql<{ earlier: boolean }>`
    SELECT CASE WHEN last - first >= interval '1 minute' THEN true
                WHEN last - first >= interval '2 seconds'
                THEN EXISTS (SELECT 1 FROM teams_events e
                              WHERE e.created_at >= first AND e.created_at < ${beganAt}::timestamptz AND e.salt IS NULL)
                ELSE false END AS earlier
      FROM (SELECT min(timestamp::timestamptz) AS first, max(timestamp::timestamptz) AS last
              FROM teams_migrations WHERE name <= '0005_audit') AS migrations`.execute(db)
  return rows[0]?.earlier ?? false
}
