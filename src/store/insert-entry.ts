import { randomUUID } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import type { EntryKind } from '../contract/audit-entries.ts'
import { type EntryFieldValues, entryFields, saltedHash } from './entry-sql.ts'
import type { Tables } from './tables.ts'

/** What an entry has besides its fields. */
export interface EntryOptions {
  /** The event, notification or silence that the entry is about. */
  readonly subject?: string
  /**
   * Values whose hashes the entry has, by field. They have no row of their own, so they are kept beside their salt in
   * `teams_audit_values`, from which they can be erased.
   */
  readonly hashed?: Readonly<Record<string, string>>
}

/**
 * Adds an entry that belongs to no change of rows, in one statement, in the transaction of what it records.
 *
 * @returns the entry's id
 * @throws where there is no audit trail, as before migration 0005: {@link hasAuditTrail}
 */
export async function insertEntry<K extends EntryKind>(
  db: Kysely<Tables>,
  kind: K,
  values: EntryFieldValues<K>,
  { subject, hashed = {} }: EntryOptions = {},
): Promise<string> {
  const salted = Object.entries(hashed).map(([field, value]) => ({ field, value, salt: randomUUID() }))
  const hashes = Object.fromEntries(salted.map(({ field, value, salt }) => [field, saltedHash(salt, value)]))
  const { rows } = await sql<{ id: string }>`
    WITH entry AS (
      INSERT INTO teams_audit_entries (subject, body)
      VALUES (${subject ?? null}::uuid,
              teams_audit_body(${kind}::text, ${entryFields(kind, { ...values, ...hashes })}::text))
      RETURNING id
    ), kept AS (
      INSERT INTO teams_audit_values (entry_id, field, salt, value)
      SELECT entry.id, j.field, j.salt, j.value
        FROM entry, jsonb_to_recordset(${JSON.stringify(salted)}::jsonb) AS j (field text, salt uuid, value text)
    ) SELECT id::text AS id FROM entry`.execute(db)
  const [row] = rows
  if (row === undefined) throw new Error('the database inserted no entry')
  return row.id
}

/** False in a database that lacks migration 0005, or that has just lost it. */
export async function hasAuditTrail(db: Kysely<Tables>): Promise<boolean> {
  const { rows } = await sql<{
    there: boolean
  }>`SELECT to_regclass('teams_audit_entries') IS NOT NULL AS there`.execute(db)
  return rows[0]?.there ?? false
}
