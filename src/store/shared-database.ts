import type { Kysely } from 'kysely'

/** The part of a `pg` pool by which it is known, and from whose options the job engine makes connections of its own. */
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

/** The part of a PGlite by which it is known. */
export interface PGliteLike {
  readonly waitReady: Promise<void>
  readonly closed: boolean
  query<T>(text: string, parameters?: unknown[]): Promise<{ rows: T[] }>
}

/**
 * A database that the host program has open already: a `pg` pool, a PGlite, or a Kysely over PostgreSQL. Said by their shape,
 * because the types of `pg` are a package of their own that not everybody installs, and those of PGlite and pg-boss do not
 * compile with `skipLibCheck: false`.
 */
// biome-ignore lint/suspicious/noExplicitAny: the host's Kysely is over the host's schema, whatever that is
export type SharedDatabase = PgPoolLike | PGliteLike | Kysely<any>
