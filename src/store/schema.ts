import { createHash } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import type { Tables } from './tables.ts'

/**
 * The schema of the gateway's tables: where the search path finds them, or where they would be made. Two gateways with a
 * record each can share a database, each with a search path of its own.
 */
export async function schemaOf(db: Kysely<Tables>): Promise<string> {
  const { rows } = await sql<{ schema: string }>`
    SELECT coalesce(
      (SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.oid = to_regclass('teams_migrations')),
      current_schema()) AS schema`.execute(db)
  return rows[0]?.schema ?? 'public'
}

/** pg-boss's own schema for tables in `public`: a database may already have one named pgboss. */
const ENGINE_SCHEMA = 'teams_engine'
/** Longest name that pg-boss takes. */
const LONGEST_NAME = 50

/**
 * The schema of the job engine that belongs to a schema of tables. Gateways with a record each must not share one: a wake-up or
 * the night's maintenance would go to whichever comes first.
 */
export async function engineSchemaOf(db: Kysely<Tables>): Promise<string> {
  const schema = await schemaOf(db)
  if (schema === 'public') return ENGINE_SCHEMA
  const name = `${ENGINE_SCHEMA}_${schema}`
  if (/^[a-z0-9_]+$/.test(name) && name.length <= LONGEST_NAME) return name
  return `${ENGINE_SCHEMA}_${createHash('sha256').update(schema).digest('hex').slice(0, 16)}`
}
