import { sql } from 'kysely'
import { createLog } from '../kernel/log.ts'
import type { Settings } from '../settings/table.ts'
import type { Database } from './database.ts'

/**
 * Opens the database of the settings and nothing else: no migration, no engine.
 *
 * @throws GatewayError `database_unreachable`, `data_dir_in_use`
 */
export async function openDatabase(settings: Settings): Promise<Database> {
  if (settings.DATABASE_URL === undefined) return (await import('./embedded.ts')).openEmbedded(settings.TEAMS_DATA_DIR)
  const { openPostgres } = await import('./postgres.ts')
  return openPostgres({ url: settings.DATABASE_URL, pool: 2, log: createLog('silent') })
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
