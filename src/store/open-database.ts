import { sql } from 'kysely'
import { GatewayError } from '../kernel/errors.ts'
import { createLog, type Log } from '../kernel/log.ts'
import type { Settings } from '../settings/table.ts'
import type { Database } from './database.ts'
import { createMigrations } from './migrations.ts'
import type { SharedDatabase } from './shared-database.ts'

/** Options of {@link openDatabase}. */
export interface OpenOptions {
  /** The host program's own database, in place of the one in the settings. */
  readonly shared?: SharedDatabase | undefined
  /** Connections for callers; 2 if absent, because a command sends one request after the other. */
  readonly pool?: number
  readonly log?: Log
}

/**
 * Opens the database of the settings, or the host program's, without migrations and without the job engine. Loads only
 * the driver that is needed.
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
 * Applies missing migrations, or throws where TEAMS_MIGRATE is off.
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
