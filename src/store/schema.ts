import { createHash } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import type { Tables } from './tables.ts'

/**
 * The schema of the gateway's tables: where the search path finds them, or where they would be made. Two gateways with
 * separate records can share a database, each with its own search path.
 */
export async function schemaOf(db: Kysely<Tables>): Promise<string> {
  const { rows } = await sql<{ schema: string }>`
    SELECT coalesce(
      (SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.oid = to_regclass('teams_migrations')),
      current_schema()) AS schema`.execute(db)
  return rows[0]?.schema ?? 'public'
}

/** pg-boss's schema for tables in `public`. Not `pgboss`: the database may already have a schema of that name. */
const ENGINE_SCHEMA = 'teams_engine'
/** Longest schema name that pg-boss accepts. */
const LONGEST_NAME = 50

/**
 * pg-boss's schema for a schema of tables. Gateways with separate records must not share one: whichever comes first
 * would take the other's wake-up and maintenance jobs.
 */
export async function engineSchemaOf(db: Kysely<Tables>): Promise<string> {
  const schema = await schemaOf(db)
  if (schema === 'public') return ENGINE_SCHEMA
  const name = `${ENGINE_SCHEMA}_${schema}`
  if (/^[a-z0-9_]+$/.test(name) && name.length <= LONGEST_NAME) return name
  return `${ENGINE_SCHEMA}_${createHash('sha256').update(schema).digest('hex').slice(0, 16)}`
}
