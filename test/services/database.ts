import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { expect, inject } from 'vitest'
import { whenDone } from './cleanup.ts'

/** A database of one test file, or of one test. */
export interface TestDatabase {
  /** Its connection string. */
  readonly url: string
  /** Drops it with all its connections. Called after the file, or after the test that made it. */
  drop(): Promise<void>
}

/**
 * Makes an empty database on the run's PostgreSQL. Its name tells the test file it belongs to (shortened, with a hash) and is
 * used once, so that tests can not meet.
 */
export async function freshDatabase(template = 'template1'): Promise<TestDatabase> {
  const url = new URL(inject('postgresUrl'))
  const name = uniqueName()
  await administer(url, createdBy(name, template))
  const drop = () => administer(url, droppedBy(name))
  whenDone(drop)
  const own = new URL(url)
  own.pathname = `/${name}`
  return { url: own.href, drop }
}

/**
 * Copies the files of the template, as before PostgreSQL 15. Its pages one by one through the WAL, the default since then, take twice
 * the time, and the database twice the time to be dropped: its buffers are searched for.
 */
const createdBy = (name: string, template: string) => async (client: pg.Client) => {
  const { rows } = await client.query<{ copies: boolean }>(
    "SELECT current_setting('server_version_num')::int >= 150000 AS copies",
  )
  const strategy = rows[0]?.copies ? ' STRATEGY FILE_COPY' : ''
  await client.query(`CREATE DATABASE "${name}" TEMPLATE "${template}"${strategy}`)
}

/** Makes a folder for an embedded database (or anything else); removed like {@link freshDatabase}'s database. */
export function embeddedFolder(): string {
  const folder = mkdtempSync(join(inject('temporaryFolder'), `${uniqueName()}-`))
  whenDone(async () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/**
 * Waits until connections that are being closed are gone, at most half a second. `end()` of a pool resolves before its
 * connections are closed, and has removed their listeners: a FORCE in between ends one with an error (57P01) that no listener
 * takes, and Vitest reports it. Connections that a test leaves open on purpose are what FORCE is for.
 */
const closedBy = (name: string) => `DO $$ BEGIN
  FOR attempt IN 1..25 LOOP
    PERFORM pg_stat_clear_snapshot();
    EXIT WHEN NOT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = '${name}');
    PERFORM pg_sleep(0.02);
  END LOOP;
END $$`

const droppedBy = (name: string) => async (client: pg.Client) => {
  await client.query(closedBy(name))
  await client.query(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`)
}

async function administer(url: URL, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url.href })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}

function uniqueName(): string {
  const file = expect.getState().testPath ?? ''
  const words = file.replace(/.*\/(src|test)\//, '').replace(/\.test\.ts$/, '')
  const hash = createHash('sha256').update(file).digest('hex').slice(0, 6)
  return `t_${words.replace(/\W+/g, '_').slice(0, 30)}_${hash}_${randomBytes(4).toString('hex')}`.toLowerCase()
}
