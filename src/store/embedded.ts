import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Kysely, PGliteDialect } from 'kysely'
import { fromPglite } from 'pg-boss'
import { codeOf, GatewayError } from '../kernel/errors.ts'
import type { Database } from './database.ts'
import { lockFolder } from './folder-lock.ts'
import type { Tables } from './tables.ts'

/**
 * Opens the embedded database (PGlite) in a folder, which is made if it is not there. One process at a time:
 * PGlite itself opens a folder that is in use and would ruin it.
 *
 * @throws GatewayError `data_dir_in_use`, `invalid_settings` where no such folder can be made
 */
export async function openEmbedded(folder: string): Promise<Database> {
  await makeFolder(folder)
  const lock = await lockFolder(folder)
  try {
    const { UnheldPGlite } = await import('./unheld-pglite.ts')
    const pglite = new UnheldPGlite(join(folder, 'pglite'))
    await pglite.waitReady
    const kysely = new Kysely<Tables>({ dialect: new PGliteDialect({ pglite }) })
    return {
      kind: 'embedded',
      kysely,
      // It has one connection, and no other process that could take a lease away.
      delivery: kysely,
      engineDatabase: () => ({ db: fromPglite(pglite), backend: 'pglite' }),
      announce: lock.announce,
      async close() {
        await kysely.destroy()
        if (!pglite.closed) await pglite.close()
        await lock.release()
      },
    }
  } catch (error) {
    await lock.release()
    throw error
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true })
  } catch (error) {
    const found = `a place where no folder can be made (${codeOf(error) ?? 'unknown'})`
    throw new GatewayError('invalid_settings', [
      { at: 'TEAMS_DATA_DIR', found, expected: 'a folder that the gateway may write to' },
    ])
  }
}
