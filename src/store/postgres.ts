import { Kysely, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import { GatewayError } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import { answeringPool } from './answering-pool.ts'
import { type Database, ENGINE_POOL } from './database.ts'
import { preparingPool } from './preparing-pool.ts'
import { survivingPool } from './surviving-pool.ts'
import type { Tables } from './tables.ts'

/** Oldest server that the migrations run on (row triggers on partitioned tables, procedures). */
const OLDEST_SERVER = 140000

/**
 * Milliseconds between two statements of a transaction after which PostgreSQL ends it. Long enough to check a full request
 * on a slow machine; while a channel is locked, `lockChannel` makes it shorter.
 */
const LONGEST_PAUSE = 60_000

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
    keepAlive: true,
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
  pool.on('error', (error) => options.log.warn({ err: error }, 'an idle database connection broke'))
  const kysely = new Kysely<Tables>({
    dialect: new PostgresDialect({ pool: answeringPool(preparingPool(survivingPool(pool))) }),
  })
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
    engineDatabase: () => ({ connectionString: options.url, ...ENGINE_POOL }),
    close: () => kysely.destroy(),
  }
}
