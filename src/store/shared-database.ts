import type { Kysely } from 'kysely'

/** The properties by which a `pg` pool is recognised, and whose options the job engine's connections use. */
export interface PgPoolLike {
  readonly options: {
    readonly connectionString?: string | undefined
    readonly host?: string | undefined
    readonly port?: number | undefined
    readonly database?: string | undefined
    readonly user?: string | undefined
  }
  readonly totalCount: number
  connect(): Promise<{ release(destroy?: boolean): void }>
  listenerCount(event: string): number
}

/** The properties by which a PGlite is recognised. */
export interface PGliteLike {
  readonly waitReady: Promise<void>
  readonly closed: boolean
  query<T>(text: string, parameters?: unknown[]): Promise<{ rows: T[] }>
}

/**
 * A database that the host program has open: a `pg` pool, a PGlite, or a Kysely over PostgreSQL. Structural types,
 * because the types of `pg` are a package of their own that not everybody installs, and those of PGlite and pg-boss do
 * not compile with `skipLibCheck: false`.
 */
// biome-ignore lint/suspicious/noExplicitAny: the host's Kysely is over the host's schema, whatever that is
export type SharedDatabase = PgPoolLike | PGliteLike | Kysely<any>
