import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import pg from 'pg'
import { type Postgres, startPostgres } from '../test/services/postgres.ts'

/** A PostgreSQL server for the bench. */
export interface Server {
  readonly version: string
  /** Creates a database with the gateway's empty tables. */
  createDatabase(): Promise<BenchDatabase>
  stop(): Promise<void>
}

/** One database. */
export interface BenchDatabase {
  readonly url: string
  /** Runs SQL and gives its rows. */
  query<R extends pg.QueryResultRow = pg.QueryResultRow>(sql: string, values?: readonly unknown[]): Promise<R[]>
  drop(): Promise<void>
}

/**
 * Starts a PostgreSQL that waits for its disk as it does out of the box: a figure that is measured without `fsync` says
 * nothing about a gateway that must lose nothing.
 *
 * @param migrate brings the tables into an empty database, by the gateway's own command line
 */
export async function startServer(migrate: (url: string) => Promise<void>): Promise<Server> {
  const postgres = await startPostgres()
  try {
    return await prepare(postgres, migrate)
  } catch (error) {
    await postgres.stop()
    throw error
  }
}

async function prepare(postgres: Postgres, migrate: (url: string) => Promise<void>): Promise<Server> {
  const admin = await connect(postgres.url)
  const named = (name: string) => Object.assign(new URL(postgres.url), { pathname: `/${name}` }).href
  await admin.query('CREATE DATABASE bench_template')
  await migrate(named('bench_template'))
  const { rows } = await admin.query<{ server_version: string }>('SHOW server_version')
  let made = 0
  return {
    version: rows[0]?.server_version ?? '',
    async createDatabase() {
      const name = `bench_${++made}`
      await admin.query(`CREATE DATABASE ${name} TEMPLATE bench_template`)
      // Or the disk writes of the last run would slow down the next.
      await admin.query('CHECKPOINT')
      return openDatabase(named(name), () => admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`))
    },
    async stop() {
      await admin.end()
      await postgres.stop()
    },
  }
}

async function openDatabase(url: string, drop: () => Promise<unknown>): Promise<BenchDatabase> {
  const client = await connect(url)
  return {
    url,
    query: async <R extends pg.QueryResultRow>(sql: string, values: readonly unknown[] = []) =>
      (await client.query<R>(sql, [...values])).rows,
    async drop() {
      await client.end()
      await drop()
    },
  }
}

/** Opens the embedded database in a gateway's data folder; no gateway may run on it. */
export async function openEmbeddedDatabase(
  folder: string,
): Promise<Pick<BenchDatabase, 'query'> & { close(): Promise<void> }> {
  const pglite = await PGlite.create(join(folder, 'pglite'))
  return {
    query: async <R extends pg.QueryResultRow = pg.QueryResultRow>(sql: string, values: readonly unknown[] = []) =>
      (await pglite.query<R>(sql, [...values])).rows,
    close: () => pglite.close(),
  }
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'bench' })
  client.on('error', () => undefined)
  await client.connect()
  return client
}
