import type { PGlite } from '@electric-sql/pglite'
import { Kysely, PGliteDialect } from 'kysely'
import type { Pool } from 'pg'
import { fromKysely, fromPglite } from 'pg-boss'
import { GatewayError } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import { type Database, ENGINE_POOL } from './database.ts'
import { DELIVERY_POOL, kyselyOver, makePool } from './pools.ts'
import { checkServer } from './server.ts'
import type { SharedDatabase } from './shared-database.ts'
import { withExplicitSslMode } from './ssl-mode.ts'
import type { Tables } from './tables.ts'

/**
 * Uses the host's database, after checking that the gateway can run on it (`server.ts`).
 *
 * @throws GatewayError `database_unreachable`, `invalid_settings`
 */
export async function openShared(given: SharedDatabase, log: Log): Promise<Database> {
  const shared = shareDatabase(given, log)
  try {
    await checkServer(shared.kysely, 'database')
  } catch (error) {
    await shared.close()
    throw error
  }
  return shared
}

/**
 * Uses the host's database. Closing the gateway closes only what the gateway opened.
 *
 * Beside a `pg` pool, delivery has connections of its own, made with the pool's options, so that the host can not use
 * up those that renew leases. Beside a Kysely, which does not expose its connection options, it has none.
 */
export function shareDatabase(given: SharedDatabase, log: Log): Database {
  if (given instanceof Kysely) {
    // Without LISTEN, the engine polls once a second; a pool or a PGlite wakes it at once.
    return {
      kind: 'postgres',
      kysely: given,
      delivery: given,
      engineDatabase: () => ({ db: fromKysely(given) }),
      close: async () => undefined,
    }
  }
  if ('waitReady' in given) {
    const pglite = given as PGlite
    const kysely = new Kysely<Tables>({ dialect: new PGliteDialect({ pglite }) })
    // Kysely's destroy would close the host's PGlite.
    return {
      kind: 'embedded',
      kysely,
      delivery: kysely,
      engineDatabase: () => ({ db: fromPglite(pglite), backend: 'pglite' }),
      close: async () => undefined,
    }
  }
  if ('connect' in given && 'options' in given) {
    const pool = given as Pool
    const { connectionString, host, port, database, user, password, ssl } = pool.options
    const url = connectionString === undefined ? undefined : withExplicitSslMode(connectionString)
    const connection = Object.entries({ connectionString: url, host, port, database, user, password, ssl }).filter(
      ([, value]) => value !== undefined,
    )
    const kysely = kyselyOver(pool)
    // Whoever does something to each new connection, such as setting its search path, does it to their own only.
    const own = pool.listenerCount('connect') === 0 && pool.listenerCount('acquire') === 0
    // A password is no property that a spread would copy, hence the connection's words again.
    const options = { ...pool.options, ...Object.fromEntries(connection) }
    const delivery = own
      ? kyselyOver(makePool({ ...options, max: DELIVERY_POOL, min: 0, allowExitOnIdle: true }, log))
      : undefined
    return {
      kind: 'postgres',
      kysely,
      delivery: delivery ?? kysely,
      // The engine listens on a connection of its own, made with the pool's own words.
      engineDatabase: () => ({ ...Object.fromEntries(connection), ...ENGINE_POOL }),
      close: async () => delivery?.destroy(),
    }
  }
  throw new GatewayError('invalid_settings', [
    { at: 'database', found: 'an object of another kind', expected: 'a pg Pool, a PGlite, or a Kysely' },
  ])
}
