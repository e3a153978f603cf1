import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { Log } from '../kernel/log.ts'
import { answeringPool } from './answering-pool.ts'
import { preparingPool } from './preparing-pool.ts'
import { prepareSession } from './session.ts'
import { type SurvivingPool, survivingPool } from './surviving-pool.ts'
import type { Tables } from './tables.ts'
import { waitingPool } from './waiting-pool.ts'

/**
 * Connections that delivery has for itself. Its statements are short and there is one turn for a channel, so few are enough; that
 * they are its own is what counts: a turn that had to wait behind callers would lose its lease, and its channel would be posted
 * to by another one.
 */
export const DELIVERY_POOL = 4

/** A pool of the gateway's own. It makes connections only as they are needed. */
export function makePool(options: pg.PoolConfig, log: Log): SurvivingPool {
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
export function kyselyOver(pool: SurvivingPool): Kysely<Tables> {
  return new Kysely<Tables>({
    dialect: new PostgresDialect({ pool: answeringPool(preparingPool(survivingPool(pool))) }),
  })
}
