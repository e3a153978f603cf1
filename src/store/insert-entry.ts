import { randomUUID } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import type { EntryKind } from '../contract/audit-entries.ts'
import { type EntryFieldValues, entryFields, saltedHash } from './entry-sql.ts'
import type { Tables } from './tables.ts'

/**
 * Adds an entry that belongs to no change of rows, in the transaction of what it records.
 *
 * Does nothing where there is no audit trail: in a database that lacks migration 0005, or that has just lost it.
 *
 * @param hashed values whose hashes the entry has, by field. They have no row of their own, so they are kept beside their salt
 *   in `teams_audit_values`, from which they can be erased.
 */
export async function insertEntry<K extends EntryKind>(
  db: Kysely<Tables>,
  kind: K,
  values: EntryFieldValues<K>,
  hashed: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { rows } = await sql<{
    there: boolean
  }>`SELECT to_regclass('teams_audit_entries') IS NOT NULL AS there`.execute(db)
  if (!rows[0]?.there) return
  const salted = Object.entries(hashed).map(([field, value]) => ({ field, value, salt: randomUUID() }))
  const hashes = Object.fromEntries(salted.map(({ field, value, salt }) => [field, saltedHash(salt, value)]))
  await sql`
    WITH entry AS (
      INSERT INTO teams_audit_entries (body)
      VALUES (teams_audit_body(${kind}::text, ${entryFields(kind, { ...values, ...hashes })}::text))
      RETURNING id
    ), kept AS (
      INSERT INTO teams_audit_values (entry_id, field, salt, value)
      SELECT entry.id, j.field, j.salt, j.value
        FROM entry, jsonb_to_recordset(${JSON.stringify(salted)}::jsonb) AS j (field text, salt uuid, value text)
    ) SELECT 1`.execute(db)
}
