import { type Kysely, sql } from 'kysely'
import type { Tables } from './tables.ts'

/**
 * Whether the connection's user could change what the audit trail has recorded: as owner of its tables, as superuser, or by a
 * GRANT. The triggers stop such a user only until it drops them.
 */
export async function mayChangeAudit(db: Kysely<Tables>): Promise<boolean> {
  const { rows } = await sql<{ may: boolean }>`
    SELECT bool_or(pg_has_role(c.relowner, 'USAGE') OR has_table_privilege(c.oid, 'UPDATE, DELETE, TRUNCATE')) AS may
      FROM unnest(ARRAY['teams_audit_entries', 'teams_audit_leaves', 'teams_audit_nodes', 'teams_audit_checkpoints',
                        'teams_audit_origins']) AS audit(name)
      JOIN pg_class c ON c.oid = to_regclass(audit.name)`.execute(db)
  return rows[0]?.may ?? false
}
