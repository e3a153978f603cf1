import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { Log } from '../kernel/log.ts'
import { answeringPool } from './answering-pool.ts'
import { preparingPool } from './preparing-pool.ts'
import { survivingPool } from './surviving-pool.ts'
import type { Tables } from './tables.ts'

/**
 * Connections that delivery has for itself. Its statements are short and there is one turn for a channel, so few are enough; that
 * they are its own is what counts: a turn that had to wait behind callers would lose its lease, and its channel would be posted
 * to by another one.
 */
export const DELIVERY_POOL = 4

/**
 * Milliseconds between two statements of a transaction after which PostgreSQL ends it. Long enough to check a full request
 * on a slow machine; while a channel is locked, `lockChannel` makes it shorter.
 */
const LONGEST_PAUSE = 60_000

/** A pool of the gateway's own. It makes connections only as they are needed. */
export function makePool(options: pg.PoolConfig, log: Log): pg.Pool {
  const pool = new pg.Pool({
    application_name: 'claimlinc-teams',
    connectionTimeoutMillis: 10_000,
    // A process that only hands events over ends when its own work is done.
    allowExitOnIdle: true,
    keepAlive: true,
    ...options,
  })
  // A replica whose host vanishes in the middle of a transaction would keep its locks for two hours, which is when
  // PostgreSQL looks whether it is still there. And `pg` reads times of the style ISO only. Said as a statement, because
  // poolers refuse it as a parameter.
  pool.on('connect', (client) => {
    client
      .query(`SET idle_in_transaction_session_timeout = ${LONGEST_PAUSE}; SET datestyle = 'ISO'`)
      .catch(() => undefined)
  })
  // An idle connection that breaks is replaced at the next query; without a listener it would end the process.
  pool.on('error', (error) => log.warn({ err: error }, 'an idle database connection broke'))
  return pool
}

/** Kysely over a pool, with what is added to it here. Its `destroy` ends the pool. */
export function kyselyOver(pool: pg.Pool): Kysely<Tables> {
  return new Kysely<Tables>({
    dialect: new PostgresDialect({ pool: answeringPool(preparingPool(survivingPool(pool))) }),
  })
}
