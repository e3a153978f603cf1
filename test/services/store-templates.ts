import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import pg from 'pg'

/** The database on the run's PostgreSQL that tests copy. */
export const POSTGRES_TEMPLATE = 'started_template'

/** The data folder of an embedded database without tables, which tests copy. */
export function emptyTemplate(temporaryFolder: string): string {
  return join(temporaryFolder, 'empty-template')
}

/** The data folder of the embedded database that tests copy. */
export function embeddedTemplate(temporaryFolder: string): string {
  return join(temporaryFolder, 'started-template')
}

/** Makes {@link emptyTemplate} and {@link embeddedTemplate}. */
export async function makeEmbeddedTemplates(temporaryFolder: string): Promise<void> {
  await prepare({ EMPTY_DIR: emptyTemplate(temporaryFolder), TEAMS_DATA_DIR: embeddedTemplate(temporaryFolder) })
}

/** Makes {@link POSTGRES_TEMPLATE}. Only a database without connections can be copied, so the preparing process ends first. */
export async function makePostgresTemplate(serverUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl })
  await client.connect()
  try {
    await client.query(`CREATE DATABASE "${POSTGRES_TEMPLATE}"`)
  } finally {
    await client.end()
  }
  const url = new URL(serverUrl)
  url.pathname = `/${POSTGRES_TEMPLATE}`
  await prepare({ DATABASE_URL: url.href })
}

/** In a process of its own, because an embedded database takes memory that the test runner would keep. */
async function prepare(env: Readonly<Record<string, string>>): Promise<void> {
  const program = fileURLToPath(new URL('prepare-store.ts', import.meta.url))
  await promisify(execFile)(process.execPath, [program], { cwd: '/', env: { PATH: process.env.PATH, ...env } })
}
