import { sql } from 'kysely'
import { GatewayError } from '../kernel/errors.ts'
import { createLog, type Log } from '../kernel/log.ts'
import type { Settings } from '../settings/table.ts'
import type { Database } from './database.ts'
import { createMigrations } from './migrations.ts'
import type { SharedDatabase } from './shared-database.ts'

/** How a database is opened. */
export interface OpenOptions {
  /** The database that the host program shares, in place of the one of the settings. */
  readonly shared?: SharedDatabase | undefined
  /** Connections for callers; two, where absent: a command asks one thing after the other. */
  readonly pool?: number
  readonly log?: Log
}

/**
 * Opens the database of the settings, or the one that the host program shares, and nothing else: no migration, no engine. The
 * driver of the one is loaded, not that of the other.
 *
 * @throws GatewayError `database_unreachable`, `data_dir_in_use`, `invalid_settings`
 */
export async function openDatabase(settings: Settings, options: OpenOptions = {}): Promise<Database> {
  const { shared, pool = 2, log = createLog('silent') } = options
  if (shared !== undefined) return (await import('./shared.ts')).openShared(shared, log)
  if (settings.DATABASE_URL === undefined)
    return (await import('./embedded.ts')).openEmbedded(settings.TEAMS_DATA_DIR, log)
  return (await import('./postgres.ts')).openPostgres({ url: settings.DATABASE_URL, pool, log })
}

/**
 * Brings the schema up to date, or says what is missing where TEAMS_MIGRATE is off.
 *
 * @throws GatewayError `database_not_migrated`
 */
export async function migrateDatabase(database: Database, settings: Settings, log: Log): Promise<void> {
  const migrations = createMigrations(database.kysely)
  if (settings.TEAMS_MIGRATE) {
    const applied = await migrations.up()
    if (applied.length > 0) log.write('schema_migrated', { applied })
    return
  }
  const missing = (await migrations.status()).filter((migration) => !migration.appliedAt)
  if (missing.length > 0)
    throw new GatewayError(
      'database_not_migrated',
      missing.map(({ name }) => ({ at: `migrations/${name}`, found: 'not applied', expected: 'applied' })),
    )
}

/** Whether anything is stored; false where there are no tables yet. `besides` leaves out what one sender sent. */
export async function holdsEvents({ kysely }: Database, besides = ''): Promise<boolean> {
  const { rows } = await sql<{ there: boolean }>`SELECT to_regclass('teams_events') IS NOT NULL AS there`.execute(
    kysely,
  )
  if (!rows[0]?.there) return false
  const row = await kysely
    .selectFrom('teams_events')
    .select('id')
    .where('origin', '!=', besides)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}
