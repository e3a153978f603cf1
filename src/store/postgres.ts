import { Kysely, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import { GatewayError } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import type { Database } from './database.ts'
import type { Tables } from './tables.ts'

/** Oldest server that the migrations run on (row triggers on partitioned tables, procedures). */
const OLDEST_SERVER = 140000

/**
 * Connects to PostgreSQL and checks that it answers and is new enough.
 *
 * @throws GatewayError `database_unreachable`; the driver's own message is not passed on, as it may quote the URL.
 */
export async function openPostgres(options: { url: string; pool: number; log: Log }): Promise<Database> {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.pool,
    application_name: 'claimlinc-teams',
    connectionTimeoutMillis: 10_000,
    // A process that only hands events over ends when its own work is done.
    allowExitOnIdle: true,
  })
  // An idle connection that breaks is replaced at the next query; without a listener it would end the process.
  pool.on('error', (error) => options.log.warn({ err: error }, 'an idle database connection broke'))
  const kysely = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) })
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
    engineDatabase: () => ({ connectionString: options.url, max: 3 }),
    close: () => kysely.destroy(),
  }
}
