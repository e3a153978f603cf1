import type { Kysely } from 'kysely'
import type { PgBoss } from 'pg-boss'
import { prepareEngineSession } from './session.ts'
import type { Tables } from './tables.ts'

/** What the job engine needs to run on the same database. */
export type EngineDatabase = Pick<
  ConstructorParameters<typeof PgBoss>[0] & object,
  'db' | 'connectionString' | 'host' | 'port' | 'database' | 'user' | 'password' | 'ssl' | 'backend' | 'max'
>

/**
 * The engine's own pool: few connections, and an end to waiting for an answer that does not come (see
 * `kysely-pool.ts`), in milliseconds. pg-boss hands all of it to `pg`, and closes a connection that failed.
 */
export const ENGINE_POOL = {
  max: 3,
  keepAlive: true,
  query_timeout: 10_000,
  onConnect: prepareEngineSession,
} as const

/** An open database: the embedded one or PostgreSQL. All SQL of the gateway runs on both, unchanged. */
export interface Database {
  readonly kind: 'embedded' | 'postgres'
  /** For what callers ask. */
  readonly kysely: Kysely<Tables>
  /**
   * For turns, and for what finds work for them. On PostgreSQL it has connections of its own: callers that wait for each other,
   * or ask for much, use up those of {@link kysely}, and a lease that is not renewed meanwhile is lost.
   */
  readonly delivery: Kysely<Tables>
  /** How pg-boss gets at it; a new object for each engine. */
  engineDatabase(): EngineDatabase
  /** Embedded alone: tells every process that finds the folder in use where this one answers over HTTP. */
  announce?(url: string): void
  /** Closes connections, or the embedded database and its folder's lock. */
  close(): Promise<void>
}
