import { createLog } from '../../src/kernel/log.ts'
import type { Database } from '../../src/store/database.ts'
import { openEmbedded } from '../../src/store/embedded.ts'
import { createMigrations } from '../../src/store/migrations.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { embeddedFolder, freshDatabase } from '../services/database.ts'

/** The databases on which every conformance suite runs. */
export const KINDS = ['embedded', 'postgres'] as const

/** Opens an empty database of one kind; call it in `beforeAll`. */
export async function openEmpty(kind: (typeof KINDS)[number]): Promise<Database> {
  if (kind === 'embedded') return openEmbedded(embeddedFolder())
  return openPostgres({ url: (await freshDatabase()).url, pool: 5, log: createLog('silent') })
}

/** Opens a database of one kind with the newest schema. */
export async function openMigrated(kind: (typeof KINDS)[number]): Promise<Database> {
  const database = await openEmpty(kind)
  await createMigrations(database.kysely).up()
  return database
}
