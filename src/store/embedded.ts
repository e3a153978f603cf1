import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Kysely, PGliteDialect } from 'kysely'
import { fromPglite } from 'pg-boss'
import type { Database } from './database.ts'
import { lockFolder } from './folder-lock.ts'
import type { Tables } from './tables.ts'

/**
 * Opens the embedded database (PGlite) in a folder, which is made if it is not there. One process at a time:
 * PGlite itself opens a folder that is in use and would ruin it.
 *
 * @throws GatewayError `data_dir_in_use`
 */
export async function openEmbedded(folder: string): Promise<Database> {
  await mkdir(folder, { recursive: true })
  const unlock = await lockFolder(folder)
  try {
    const { PGlite } = await import('@electric-sql/pglite')
    const pglite = await PGlite.create(join(folder, 'pglite'))
    const kysely = new Kysely<Tables>({ dialect: new PGliteDialect({ pglite }) })
    return {
      kind: 'embedded',
      kysely,
      engineDatabase: () => ({ db: fromPglite(pglite), backend: 'pglite' }),
      async close() {
        await kysely.destroy()
        if (!pglite.closed) await pglite.close()
        await unlock()
      },
    }
  } catch (error) {
    await unlock()
    throw error
  }
}
