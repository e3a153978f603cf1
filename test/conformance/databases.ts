import { createLog } from '../../src/kernel/log.ts'
import type { Database } from '../../src/store/database.ts'
import { openEmbedded } from '../../src/store/embedded.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { type Kind, type Store, startedStore, untouchedStore } from '../services/stores.ts'

/** Opens an empty database of one kind; call it in `beforeAll`. */
export async function openEmpty(kind: Kind): Promise<Database> {
  return open(await untouchedStore(kind))
}

/** Opens a database of one kind with the newest schema and no event. */
export async function openMigrated(kind: Kind): Promise<Database> {
  return open(await startedStore(kind))
}

function open(store: Store): Promise<Database> {
  return 'TEAMS_DATA_DIR' in store
    ? openEmbedded(store.TEAMS_DATA_DIR)
    : openPostgres({ url: store.DATABASE_URL, pool: 5, log: createLog('silent') })
}
