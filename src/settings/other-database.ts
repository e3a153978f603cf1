import { GatewayError } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import type { Environment } from './env-file.ts'

/** Names that other programs read as the address of a database. */
const ADDRESS =
  /^(APP_|SQLALCHEMY_)?(DATABASE|DB|POSTGRES|POSTGRESQL|PG|PGSQL)_?(URL|URI|URLS|DSN|CONNECTION|CONNECTION_STRING|CONN_STR)$/
const POSTGRES = /^postgres(ql)?(\+\w+)?:\/\//i
/** Names that libpq and container images read as the host of a database. */
const HOST = ['PGHOST', 'PGSERVICE', 'POSTGRES_HOST', 'DB_HOST', 'DATABASE_HOST']

/** Variables that name a PostgreSQL and that the gateway does not read. */
export interface OtherDatabase {
  /** Variables with the address of a PostgreSQL, such as `DATABASE_URI`: certainly set on purpose. */
  readonly addresses: readonly string[]
  /** Variables that may be meant for another program, such as `PGHOST`. */
  readonly hosts: readonly string[]
}

/**
 * Finds variables that name a PostgreSQL under another name than DATABASE_URL. Returns none where DATABASE_URL or
 * TEAMS_DATA_DIR is set, because then the choice of the database is explicit.
 */
export function otherDatabase(env: Environment): OtherDatabase {
  const set = (name: string) => (env[name]?.trim() ?? '') !== ''
  if (set('DATABASE_URL') || set('TEAMS_DATA_DIR')) return { addresses: [], hosts: [] }
  const names = Object.keys(env).sort()
  return {
    addresses: names.filter((name) => ADDRESS.test(name) && POSTGRES.test(env[name]?.trim() ?? '')),
    hosts: names.filter((name) => HOST.includes(name) && set(name)),
  }
}

/** `expected` of the problem below; `doctor` uses it too. */
export const NAME_THE_DATABASE =
  'DATABASE_URL with this address, or TEAMS_DATA_DIR where the embedded database is meant'

/**
 * Refuses to start with the embedded database and real webhook URLs where the environment has the address of a PostgreSQL
 * under another name than DATABASE_URL: each replica would silently have a record of its own. Only logs a warning where no
 * channel has a webhook URL, and for names that another program may read.
 *
 * @throws GatewayError `invalid_settings`
 */
export function checkOtherDatabase(env: Environment, hasWebhooks: boolean, log: Log): void {
  const { addresses, hosts } = otherDatabase(env)
  if (hasWebhooks && addresses.length > 0)
    throw new GatewayError(
      'invalid_settings',
      addresses.map((at) => ({
        at,
        found: 'the address of a PostgreSQL under a name that the gateway does not read',
        expected: NAME_THE_DATABASE,
      })),
    )
  const names = hasWebhooks ? hosts : addresses
  if (names.length > 0) log.write('database_address_ignored', { names })
}
