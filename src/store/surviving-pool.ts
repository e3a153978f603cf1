import type { PostgresPool } from 'kysely'
import type { PoolClient } from 'pg'

/** A pool whose connections are `pg`'s own. */
export interface SurvivingPool extends Omit<PostgresPool, 'connect'> {
  connect(): Promise<PoolClient>
}

/**
 * The pool as Kysely uses it, with a listener on each connection. When PostgreSQL restarts, `pg` tells of it twice: the query
 * under way rejects, and the connection emits "error", which ends the process where nobody listens. The pool itself listens
 * only to connections that nobody has taken.
 */
export function survivingPool(pool: SurvivingPool): SurvivingPool {
  const known = new WeakSet<PoolClient>()
  return {
    options: pool.options,
    end: () => pool.end(),
    async connect() {
      const client = await pool.connect()
      if (!known.has(client)) client.on('error', () => {})
      known.add(client)
      return client
    },
  }
}
