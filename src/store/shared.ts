import type { PGlite } from '@electric-sql/pglite'
import { Kysely, PGliteDialect, PostgresDialect } from 'kysely'
import type { Pool } from 'pg'
import { fromKysely, fromPglite } from 'pg-boss'
import { GatewayError } from '../kernel/errors.ts'
import { answeringPool } from './answering-pool.ts'
import { type Database, ENGINE_POOL } from './database.ts'
import { preparingPool } from './preparing-pool.ts'
import { survivingPool } from './surviving-pool.ts'
import type { Tables } from './tables.ts'

/** A database that the host program has open already: a `pg` pool, a PGlite, or a Kysely over PostgreSQL. */
// biome-ignore lint/suspicious/noExplicitAny: the host's Kysely is over the host's schema, whatever that is
export type SharedDatabase = Pool | PGlite | Kysely<any>

/** Uses the host's database. It stays the host's: closing the gateway closes only what the gateway opened. */
export function shareDatabase(given: SharedDatabase): Database {
  if (given instanceof Kysely) {
    // Without a way to listen, the engine polls once a second; a pool or a PGlite wakes it at once.
    return {
      kind: 'postgres',
      kysely: given,
      engineDatabase: () => ({ db: fromKysely(given) }),
      close: async () => undefined,
    }
  }
  if ('waitReady' in given) {
    const kysely = new Kysely<Tables>({ dialect: new PGliteDialect({ pglite: given }) })
    // Kysely's destroy would close the host's PGlite.
    return {
      kind: 'embedded',
      kysely,
      engineDatabase: () => ({ db: fromPglite(given), backend: 'pglite' }),
      close: async () => undefined,
    }
  }
  if ('connect' in given && 'options' in given) {
    const { connectionString, host, port, database, user, password, ssl } = given.options
    const connection = Object.entries({ connectionString, host, port, database, user, password, ssl }).filter(
      ([, value]) => value !== undefined,
    )
    return {
      kind: 'postgres',
      kysely: new Kysely<Tables>({
        dialect: new PostgresDialect({ pool: answeringPool(preparingPool(survivingPool(given))) }),
      }),
      // The engine listens on a connection of its own, made with the pool's own words.
      engineDatabase: () => ({ ...Object.fromEntries(connection), ...ENGINE_POOL }),
      close: async () => undefined,
    }
  }
  throw new GatewayError('invalid_settings', [
    { at: 'database', found: 'an object of another kind', expected: 'a pg Pool, a PGlite, or a Kysely' },
  ])
}
