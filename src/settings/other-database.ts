import type { Environment } from './environment.ts'

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
