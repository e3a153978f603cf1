import { type Kysely, sql } from 'kysely'
import { GatewayError, isGatewayError, type Problem } from '../kernel/errors.ts'
import { connectionProblem } from './connection-problem.ts'
import type { Tables } from './tables.ts'

/** Oldest server on which the migrations run (row triggers on partitioned tables, procedures). */
const OLDEST_SERVER = 140000

interface Server {
  readonly version: number
  readonly encoding: string
  readonly standby: boolean
  readonly read_only: boolean
  readonly schema: string | null
}

/**
 * Checks that the gateway can run on a server: new enough, in UTF-8, writable, with a schema for the tables. All
 * problems are reported at once, and at the start: most would otherwise show only at an event that can not be stored.
 *
 * @param at the setting or option that names the database
 * @throws GatewayError `database_unreachable`; without the driver's own message, which may quote the URL
 */
export async function checkServer(kysely: Kysely<Tables>, at: string): Promise<void> {
  try {
    const problems = problemsOf(await read(kysely)).map((problem) => ({ at, ...problem }))
    if (problems.length > 0) throw new GatewayError('database_unreachable', problems)
  } catch (error) {
    if (isGatewayError(error)) throw error
    throw new GatewayError('database_unreachable', [{ at, ...connectionProblem(error) }], { cause: error })
  }
}

async function read(kysely: Kysely<Tables>): Promise<Server | undefined> {
  const { rows } = await sql<Server>`
    SELECT current_setting('server_version_num')::int AS version,
           current_setting('server_encoding') AS encoding,
           pg_is_in_recovery() AS standby,
           current_setting('transaction_read_only') = 'on' AS read_only,
           current_schema() AS schema`.execute(kysely)
  return rows[0]
}

function problemsOf(server: Server | undefined): Omit<Problem, 'at'>[] {
  if (!server) return [{ found: 'a server that does not say what it is', expected: 'PostgreSQL 14 or newer' }]
  const { version, encoding, standby, read_only: readOnly, schema } = server
  const problems: Omit<Problem, 'at'>[] = []
  if (version < OLDEST_SERVER)
    problems.push({ found: `PostgreSQL ${Math.floor(version / 10000)}`, expected: 'PostgreSQL 14 or newer' })
  if (encoding !== 'UTF8')
    problems.push({
      found: `a database in ${encoding}, which can not keep Arabic`,
      expected: "one in UTF8: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0",
    })
  if (standby) problems.push({ found: 'a standby, which can only be read', expected: 'the primary' })
  else if (readOnly)
    problems.push({
      found: 'a database that can only be read (default_transaction_read_only)',
      expected: 'one that this user may write to',
    })
  if (schema === null)
    problems.push({
      found: 'a search_path in which no schema is there',
      expected: 'a schema for the tables: CREATE SCHEMA makes one',
    })
  return problems
}
