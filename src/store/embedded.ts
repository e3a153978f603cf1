import { join } from 'node:path'
import type { PGlite } from '@electric-sql/pglite'
import { Kysely, PGliteDialect } from 'kysely'
import { fromPglite } from 'pg-boss'
import { codeOf, GatewayError, isGatewayError } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import type { Database } from './database.ts'
import { lockFolder } from './folder-lock.ts'
import { checkVersion, closeToOthers, folderError, isOpenToOthers, makePrivateFolder } from './private-folder.ts'
import type { Tables } from './tables.ts'

/**
 * Opens the embedded database (PGlite) in a folder, which is made if missing. One process at a time: PGlite itself
 * would open a folder that is in use and corrupt it.
 *
 * New files and folders are accessible to their owner only. An existing folder keeps its rights, because it may be a
 * mounted volume that a group has access to; where others may enter it, a log line says so.
 *
 * @throws GatewayError `data_dir_in_use`; `invalid_settings` for a folder that can not be used; `database_unreachable`
 *   for a database in it that can not be opened
 */
export async function openEmbedded(folder: string, log?: Log): Promise<Database> {
  const state = await makePrivateFolder(folder)
  if (isOpenToOthers(state)) log?.write('data_folder_open', { mode: (state.mode & 0o7777).toString(8) })
  const lock = await lockFolder(folder).catch((error: unknown) => {
    throw isGatewayError(error) ? error : folderError(error)
  })
  try {
    const files = join(folder, 'pglite')
    await makePrivateFolder(files)
    await checkVersion(files)
    const pglite = await openFiles(files)
    await closeToOthers(folder)
    const kysely = new Kysely<Tables>({ dialect: new PGliteDialect({ pglite }) })
    return {
      kind: 'embedded',
      kysely,
      // The embedded database has one connection, and no other process that could take a lease away.
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

async function openFiles(files: string): Promise<PGlite> {
  const { UnheldPGlite } = await import('./unheld-pglite.ts')
  try {
    const pglite = new UnheldPGlite(files)
    await pglite.waitReady
    return pglite
  } catch (error) {
    const code = codeOf(error)
    const found = `a database that can not be opened${code === undefined ? '' : ` (${code})`}`
    const expected = 'room on the disk, and files as the gateway left them; a backup of the folder, otherwise'
    throw new GatewayError('database_unreachable', [{ at: 'TEAMS_DATA_DIR', found, expected }], { cause: error })
  }
}
