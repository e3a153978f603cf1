import type { GatewayOptions } from '../gateway/options.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import type { Settings } from '../settings/table.ts'
import type { Database } from '../store/database.ts'
import { openEmbedded } from '../store/embedded.ts'
import { createMigrations } from '../store/migrations.ts'
import { openPostgres } from '../store/postgres.ts'
import { checkServer } from '../store/server.ts'
import { shareDatabase } from '../store/shared.ts'

/**
 * Opens the database of the settings, or uses the one that the host program shares.
 *
 * @throws GatewayError `database_unreachable`, `data_dir_in_use`, `invalid_settings`
 */
export async function openDatabase(options: GatewayOptions, settings: Settings, log: Log): Promise<Database> {
  if (options.database !== undefined) {
    const shared = shareDatabase(options.database, log)
    try {
      await checkServer(shared.kysely, 'database')
    } catch (error) {
      await shared.close()
      throw error
    }
    return shared
  }
  if (settings.DATABASE_URL)
    return openPostgres({ url: settings.DATABASE_URL, pool: settings.TEAMS_DATABASE_POOL, log })
  return openEmbedded(settings.TEAMS_DATA_DIR, log)
}

/**
 * Brings the schema up to date, or says what is missing where TEAMS_MIGRATE is off.
 *
 * @throws GatewayError `database_not_migrated`
 */
export async function migrate(database: Database, settings: Settings, log: Log): Promise<void> {
  const migrations = createMigrations(database.kysely)
  if (settings.TEAMS_MIGRATE) {
    const applied = await migrations.up()
    if (applied.length > 0) log.info({ applied }, 'database schema brought up to date')
    return
  }
  const missing = (await migrations.status()).filter((migration) => !migration.appliedAt)
  if (missing.length > 0)
    throw new GatewayError(
      'database_not_migrated',
      missing.map(({ name }) => ({ at: `migrations/${name}`, found: 'not applied', expected: 'applied' })),
    )
}
