import { sql } from 'kysely'
import { GatewayError } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import { type Database, ENGINE_POOL } from './database.ts'
import { DELIVERY_POOL, kyselyOver, makePool } from './pools.ts'

/** Oldest server that the migrations run on (row triggers on partitioned tables, procedures). */
const OLDEST_SERVER = 140000

/**
 * Connects to PostgreSQL and checks that it answers and is new enough.
 *
 * @throws GatewayError `database_unreachable`; the driver's own message is not passed on, as it may quote the URL.
 */
export async function openPostgres(options: { url: string; pool: number; log: Log }): Promise<Database> {
  const { url, pool, log } = options
  const kysely = kyselyOver(makePool({ connectionString: url, max: pool }, log))
  const delivery = kyselyOver(makePool({ connectionString: url, max: DELIVERY_POOL }, log))
  try {
    const { rows } = await sql<{
      version: number
    }>`SELECT current_setting('server_version_num')::int AS version`.execute(kysely)
    const version = rows[0]?.version ?? 0
    if (version < OLDEST_SERVER)
      throw new GatewayError('database_unreachable', [
        { at: 'DATABASE_URL', found: `PostgreSQL ${Math.floor(version / 10000)}`, expected: 'PostgreSQL 14 or newer' },
      ])
  } catch (error) {
    await kysely.destroy()
    if (error instanceof GatewayError) throw error
    const code = (error as { code?: unknown }).code
    throw new GatewayError('database_unreachable', [
      {
        at: 'DATABASE_URL',
        found: `no answer${typeof code === 'string' ? ` (${code})` : ''}`,
        expected: 'a PostgreSQL that accepts this user',
      },
    ])
  }
  return {
    kind: 'postgres',
    kysely,
    delivery,
    engineDatabase: () => ({ connectionString: url, ...ENGINE_POOL }),
    async close() {
      await Promise.all([kysely.destroy(), delivery.destroy()])
    },
  }
}
