import type { Kysely } from 'kysely'
import type { PgBoss } from 'pg-boss'
import { prepareEngineSession } from './session.ts'
import type { Tables } from './tables.ts'

/** The options with which the job engine runs on the same database. */
export type EngineDatabase = Pick<
  ConstructorParameters<typeof PgBoss>[0] & object,
  'db' | 'connectionString' | 'host' | 'port' | 'database' | 'user' | 'password' | 'ssl' | 'backend' | 'max'
>

/**
 * The job engine's own pool: few connections, with a timeout in milliseconds for answers that do not come (see
 * `kysely-pool.ts`). pg-boss passes all of it to `pg`, and closes a connection that failed.
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
  /** For callers' requests. */
  readonly kysely: Kysely<Tables>
  /**
   * For turns and the sweep. On PostgreSQL it has connections of its own: callers in long transactions, or many of
   * them, can use up those of {@link kysely}, and a lease that is not renewed meanwhile is lost.
   */
  readonly delivery: Kysely<Tables>
  /** Options for pg-boss; a new object for each engine. */
  engineDatabase(): EngineDatabase
  /** Embedded database only: tells processes that find the folder in use the URL at which this one answers. */
  announce?(url: string): void
  /** Closes the connections, or the embedded database and its folder's lock. */
  close(): Promise<void>
}
