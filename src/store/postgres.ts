import type { Log } from '../kernel/log.ts'
import { type Database, ENGINE_POOL } from './database.ts'
import { DELIVERY_POOL, kyselyOver, makePool } from './pools.ts'
import { checkServer } from './server.ts'
import { withExplicitSslMode } from './ssl-mode.ts'

/**
 * Connects to PostgreSQL and checks that the gateway can run on it (`server.ts`).
 *
 * @throws GatewayError `database_unreachable`
 */
export async function openPostgres(options: { url: string; pool: number; log: Log }): Promise<Database> {
  const { pool, log } = options
  const connectionString = withExplicitSslMode(options.url)
  const kysely = kyselyOver(makePool({ connectionString, max: pool }, log))
  const delivery = kyselyOver(makePool({ connectionString, max: DELIVERY_POOL }, log))
  try {
    await checkServer(kysely, 'DATABASE_URL')
  } catch (error) {
    await kysely.destroy()
    throw error
  }
  return {
    kind: 'postgres',
    kysely,
    delivery,
    engineDatabase: () => ({ connectionString, ...ENGINE_POOL }),
    async close() {
      await Promise.all([kysely.destroy(), delivery.destroy()])
    },
  }
}
