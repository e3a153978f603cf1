import { setTimeout } from 'node:timers/promises'
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { codeOf } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import { kyselyPool, type PgPool } from './kysely-pool.ts'
import { prepareSession } from './session.ts'
import type { Tables } from './tables.ts'

/**
 * Connections that delivery has for itself. Its statements are short and there is one turn for a channel, so few are enough; that
 * they are its own is what counts: a turn that had to wait behind callers would lose its lease, and its channel would be posted
 * to by another one.
 */
export const DELIVERY_POOL = 4

/** SQLSTATE of a server, a database or a role that has no connection left. */
const TOO_MANY_CONNECTIONS = '53300'
/** Milliseconds in which a connection is looked for, as long as `pg` waits for one of its own pool. */
const PATIENCE_MS = 10_000
/** Milliseconds after which more connections than PostgreSQL granted the last time are tried again. */
const SMALLER_FOR_MS = 5_000
const PAUSE_MS = 100

/** A pool of the gateway's own. It makes connections only as they are needed. */
export function makePool(options: pg.PoolConfig, log: Log): PgPool {
  const pool = new pg.Pool({
    application_name: 'claimlinc-teams',
    connectionTimeoutMillis: 10_000,
    // A process that only hands events over ends when its own work is done.
    allowExitOnIdle: true,
    keepAlive: true,
    ...options,
  })
  pool.on('connect', prepareSession)
  // An idle connection that breaks is replaced at the next query; without a listener it would end the process.
  pool.on('error', (error) => log.write('database_connection_broken', { err: error }))
  return waitingPool(pool)
}

/** Kysely over a pool, with what is added to it here. Its `destroy` ends the pool. */
export function kyselyOver(pool: PgPool): Kysely<Tables> {
  return new Kysely<Tables>({
    dialect: new PostgresDialect({ pool: kyselyPool(pool) }),
  })
}

/**
 * The pool, which waits where PostgreSQL has no connection left for this role: its limit may be lower than ours, and
 * other replicas have their share of it. Most requests would be refused otherwise, although a connection is free in a moment.
 *
 * For a while the pool is then as large as what it has, so that `pg` lets its callers wait for those, in their order.
 * Rejected: to try again after a pause only. Of a hundred that wait, each would open a connection in vain each time.
 */
function waitingPool(pool: pg.Pool): PgPool {
  const { max } = pool.options
  let smallerUntil = 0

  async function connect(): Promise<pg.PoolClient> {
    const deadline = performance.now() + PATIENCE_MS
    for (;;) {
      if (performance.now() >= smallerUntil) pool.options.max = max
      try {
        return await pool.connect()
      } catch (error) {
        if (codeOf(error) !== TOO_MANY_CONNECTIONS || performance.now() >= deadline) throw error
      }
      smallerUntil = performance.now() + SMALLER_FOR_MS
      pool.options.max = Math.max(1, pool.totalCount)
      // Others have them all: nothing here says when one is free. A part of it by chance, against trying in step.
      if (pool.totalCount === 0) await setTimeout(PAUSE_MS * (0.5 + Math.random()), undefined, { ref: false })
    }
  }

  return { options: pool.options, end: () => pool.end(), connect }
}
