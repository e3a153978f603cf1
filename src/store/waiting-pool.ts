import { setTimeout } from 'node:timers/promises'
import type { Pool, PoolClient } from 'pg'
import { codeOf } from '../kernel/errors.ts'
import type { SurvivingPool } from './surviving-pool.ts'

/** SQLSTATE of a server, a database or a role that has no connection left. */
const TOO_MANY_CONNECTIONS = '53300'
/** Milliseconds in which a connection is looked for, as long as `pg` waits for one of its own pool. */
const PATIENCE_MS = 10_000
/** Milliseconds after which more connections than PostgreSQL granted the last time are tried again. */
const SMALLER_FOR_MS = 5_000
const PAUSE_MS = 100

/**
 * The pool, which waits where PostgreSQL has no connection left for this role: its limit may be lower than ours, and
 * other replicas have their share of it. Most requests would be refused otherwise, although a connection is free in a moment.
 *
 * For a while the pool is then as large as what it has, so that `pg` lets its callers wait for those, in their order.
 * Rejected: to try again after a pause only. Of a hundred that wait, each would open a connection in vain each time.
 */
export function waitingPool(pool: Pool, patienceMs = PATIENCE_MS): SurvivingPool {
  const { max } = pool.options
  let smallerUntil = 0

  async function connect(): Promise<PoolClient> {
    const deadline = performance.now() + patienceMs
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
