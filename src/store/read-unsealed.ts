import { type Kysely, sql } from 'kysely'
import type { Tables } from './tables.ts'

/** An entry without a leaf. */
export interface UnsealedEntry {
  readonly id: string
  /** The age of its transaction's beginning, on the database's clock. */
  readonly ageMs: number
  /** Whether a snapshot sees it: the sealing of that snapshot should have numbered it. */
  readonly seen: boolean
  /** Whether its transaction number is one that the server has not given yet; false where no snapshot is known. */
  readonly isAhead: boolean
  readonly subject: string | null
  readonly body: Buffer
}

/** A part of all entries. */
export interface UnsealedPage {
  readonly unsealed: readonly UnsealedEntry[]
  /** The last id that was looked at; undefined where there are no more. */
  readonly lastId: string | undefined
}

/**
 * Looks for entries without a leaf among the next `limit` entries after an id. Page by page, because the gateway's
 * connections give up on a statement that takes ten seconds.
 *
 * @param snapshot of the last complete sealing; undefined where there is none in this server and database
 */
export async function readUnsealed(
  db: Kysely<Tables>,
  {
    afterId,
    limit,
    snapshot,
  }: { readonly afterId: string; readonly limit: number; readonly snapshot: string | undefined },
): Promise<UnsealedPage> {
  const { rows } = await sql<{ last_id: string | null; ids: string | null }>`
    WITH page AS MATERIALIZED (
      SELECT id FROM teams_audit_entries WHERE id > ${afterId}::bigint ORDER BY id LIMIT ${limit}
    ), bounds AS MATERIALIZED (SELECT min(id) AS first, max(id) AS last FROM page)
    SELECT (SELECT last::text FROM bounds) AS last_id,
           (SELECT string_agg(p.id::text, ',') FROM page p
             WHERE NOT EXISTS (SELECT 1 FROM teams_audit_leaves l
                                WHERE l.entry_id = p.id
                                  AND l.entry_id >= (SELECT first FROM bounds)
                                  AND l.entry_id <= (SELECT last FROM bounds))) AS ids`.execute(db)
  const [{ last_id: lastId = null, ids = null } = {}] = rows
  const unsealed = ids === null ? [] : await readWithoutLeaf(db, ids.split(','), snapshot)
  return { unsealed, lastId: lastId ?? undefined }
}

/** Reads those of some entries that have no leaf; the first thousand of them. */
export async function readWithoutLeaf(
  db: Kysely<Tables>,
  ids: readonly string[],
  snapshot: string | undefined,
): Promise<readonly UnsealedEntry[]> {
  const seen = snapshot === undefined ? sql`false` : sql`pg_visible_in_snapshot(e.xid, ${snapshot}::pg_snapshot)`
  const ahead = snapshot === undefined ? sql`false` : sql`e.xid >= pg_snapshot_xmax(pg_current_snapshot())`
  const { rows } = await sql<{
    id: string
    age: number
    seen: boolean
    ahead: boolean
    subject: string | null
    body: Uint8Array
  }>`
    SELECT e.id::text, e.subject, e.body, ${seen} AS seen, ${ahead} AS ahead,
           CASE WHEN isfinite(e.created_at) THEN extract(epoch FROM clock_timestamp() - e.created_at) * 1000
                ELSE 1e15 END::float8 AS age
      FROM teams_audit_entries e
     WHERE e.id = ANY(${`{${ids.join()}}`}::bigint[])
       AND NOT EXISTS (SELECT 1 FROM teams_audit_leaves l WHERE l.entry_id = e.id)
     ORDER BY e.id LIMIT 1000`.execute(db)
  return rows.map((row) => ({
    id: row.id,
    ageMs: row.age,
    seen: row.seen,
    isAhead: row.ahead,
    subject: row.subject,
    body: Buffer.from(row.body),
  }))
}
