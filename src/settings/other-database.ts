import { GatewayError } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import type { Environment } from './env-file.ts'

/** Names under which others look for the address of a database. */
const ADDRESS =
  /^(APP_|SQLALCHEMY_)?(DATABASE|DB|POSTGRES|POSTGRESQL|PG|PGSQL)_?(URL|URI|URLS|DSN|CONNECTION|CONNECTION_STRING|CONN_STR)$/
const POSTGRES = /^postgres(ql)?(\+\w+)?:\/\//i
/** Names under which libpq and container images look for a server. */
const HOST = ['PGHOST', 'PGSERVICE', 'POSTGRES_HOST', 'DB_HOST', 'DATABASE_HOST']

/** Names in an environment that say where a PostgreSQL is, none of which the gateway reads. */
export interface OtherDatabase {
  /** Names that hold the address of a PostgreSQL, which nobody sets by chance: `DATABASE_URI`. */
  readonly addresses: readonly string[]
  /** Names that may be there for another program: `PGHOST`. */
  readonly hosts: readonly string[]
}

/**
 * Looks for a PostgreSQL that was named in other words than DATABASE_URL. Without that, each process keeps a record of its own in a
 * folder: two replicas with two records, of which nobody hears. Nothing, where DATABASE_URL or TEAMS_DATA_DIR is set:
 * then it was said what is meant.
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

/** What is right in place of a name that the gateway does not read. */
export const NAME_THE_DATABASE =
  'DATABASE_URL with this address, or TEAMS_DATA_DIR where the embedded database is meant'

/**
 * Refuses to start with the embedded database beside real webhooks where the environment names a PostgreSQL in other words than
 * DATABASE_URL: each replica would have a record of its own, and nobody would hear of it. Says it only where no card goes to
 * people, and where the name may be there for another program.
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
