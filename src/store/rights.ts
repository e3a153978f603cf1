import { type Kysely, sql } from 'kysely'
import { schemaOf } from './schema.ts'
import type { Tables } from './tables.ts'

/** What to do about a user who may not change the schema (SQLSTATE 42501). */
export const GRANT_CREATE =
  'Let the owner of the database run: GRANT CREATE ON DATABASE <database> TO <user>; GRANT CREATE, USAGE ON SCHEMA public TO <user>; or let an owner run "claimlinc-teams migrate up" and set TEAMS_MIGRATE=false.'

/** What the user of the connection may make. */
export interface Rights {
  /** Tables in the gateway's schema, and changes of those that are there: what a migration needs. */
  readonly migrate: boolean
  /** Schemas in the database: what the first start of the job engine needs. */
  readonly createSchema: boolean
}

/** Asks PostgreSQL for the rights of the connection's user; nothing is tried out. */
export async function readRights(db: Kysely<Tables>): Promise<Rights> {
  const schema = await schemaOf(db)
  const { rows } = await sql<{ in_schema: boolean; owner: boolean; in_database: boolean }>`
    SELECT has_schema_privilege(${schema}, 'USAGE') AND has_schema_privilege(${schema}, 'CREATE') AS in_schema,
           coalesce((SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass('teams_migrations')),
                    true) AS owner,
           has_database_privilege(current_database(), 'CREATE') AS in_database`.execute(db)
  const [row] = rows
  return { migrate: (row?.in_schema && row.owner) ?? false, createSchema: row?.in_database ?? false }
}
