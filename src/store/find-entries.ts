import { type Kysely, sql } from 'kysely'
import type { Tables } from './tables.ts'

/** Ids of the entries that exist, of some. Ids are bigints as text. */
export async function findEntries(db: Kysely<Tables>, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ id: string }>`
    SELECT id::text FROM teams_audit_entries WHERE id = ANY(${literal(ids)}::bigint[])`.execute(db)
  return new Set(rows.map(({ id }) => id))
}

/** Of some entries, the ids of those whose transactions were open in a snapshot. */
export async function findOpenIn(
  db: Kysely<Tables>,
  snapshot: string,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ id: string }>`
    SELECT id::text FROM teams_audit_entries
     WHERE id = ANY(${literal(ids)}::bigint[])
       AND xid = ANY(ARRAY(SELECT pg_snapshot_xip(${snapshot}::pg_snapshot)))`.execute(db)
  return new Set(rows.map(({ id }) => id))
}

/** An entry of `record.removed`. */
export interface StoredRemoval {
  readonly id: string
  readonly body: Uint8Array
}

/** The entries of `record.removed` with an id above `afterId`. */
export async function readRemovals(db: Kysely<Tables>, afterId: string): Promise<readonly StoredRemoval[]> {
  const { rows } = await sql<StoredRemoval>`
    SELECT id::text AS id, body FROM teams_audit_entries
     WHERE id > ${afterId}::bigint
       AND position('"kind":"record.removed"'::bytea IN body) > 0`.execute(db)
  return rows
}

/** PostgreSQL's text of an array of numbers. */
function literal(ids: readonly string[]): string {
  return `{${ids.join()}}`
}
