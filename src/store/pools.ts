import { setTimeout } from 'node:timers/promises'
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { codeOf } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import { kyselyPool, type PgPool } from './kysely-pool.ts'
import { prepareSession } from './session.ts'
import type { Tables } from './tables.ts'

/**
 * Connections of delivery's own pool. Its statements are short and each channel has one turn, so few are enough. They
 * must be separate: a turn that waits behind callers for a connection would lose its lease, and another turn would post
 * to its channel.
 */
export const DELIVERY_POOL = 4

/** SQLSTATE `too_many_connections`: of a server, a database or a role. */
const TOO_MANY_CONNECTIONS = '53300'
/** Milliseconds for which a caller waits for a connection: in the queue of `pg`, and for PostgreSQL to grant one. */
const CONNECT_TIMEOUT_MS = 10_000
/** Milliseconds after which the pool tries again to open more connections than PostgreSQL granted. */
const SMALLER_FOR_MS = 5_000
const PAUSE_MS = 100

/** Makes a pool of the gateway's own, which opens connections only as needed. */
export function makePool(options: pg.PoolConfig, log: Log): PgPool {
  const pool = new pg.Pool({
    application_name: 'claimlinc-teams',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    // A process that only sends events ends when its own work is done.
    allowExitOnIdle: true,
    keepAlive: true,
    ...options,
  })
  pool.on('connect', prepareSession)
  // An idle connection that breaks is replaced at the next query. Without a listener its error would end the process.
  pool.on('error', (error) => log.write('database_connection_broken', { err: error }))
  return waitingPool(pool)
}

/** Kysely over a pool, through {@link kyselyPool}. Its `destroy` ends the pool. */
export function kyselyOver(pool: PgPool): Kysely<Tables> {
  return new Kysely<Tables>({
    dialect: new PostgresDialect({ pool: kyselyPool(pool) }),
  })
}

/**
 * A pool that waits where PostgreSQL has no connection left for its role: the role's limit may be lower than ours, and
 * other replicas use it too. Otherwise most requests would be refused, although a connection is free in a moment.
 *
 * For a while the pool's size is then what it has, so that `pg` queues its callers for those connections, in order.
 * Rejected: only to try again after a pause, because each of a hundred waiting callers would open a connection in vain
 * each time.
 */
function waitingPool(pool: pg.Pool): PgPool {
  const { max } = pool.options
  let smallerUntil = 0

  async function connect(): Promise<pg.PoolClient> {
    const deadline = performance.now() + CONNECT_TIMEOUT_MS
    for (;;) {
      if (performance.now() >= smallerUntil) pool.options.max = max
      try {
        return await pool.connect()
      } catch (error) {
        if (codeOf(error) !== TOO_MANY_CONNECTIONS || performance.now() >= deadline) throw error
      }
      smallerUntil = performance.now() + SMALLER_FOR_MS
      pool.options.max = Math.max(1, pool.totalCount)
      // Other processes have all connections: nothing here shows when one is free. A random part of the pause keeps
      // processes out of step.
      if (pool.totalCount === 0) await setTimeout(PAUSE_MS * (0.5 + Math.random()), undefined, { ref: false })
    }
  }

  return { options: pool.options, end: () => pool.end(), connect }
}
