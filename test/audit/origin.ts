import { seal } from '../../src/audit/seal.ts'
import { loadSettings } from '../../src/settings/load.ts'
import { openDatabase } from '../../src/store/open-database.ts'
import type { Store } from '../services/stores.ts'

/** Seals once without a key, as the first start of a gateway does, and returns the name of the tree. */
export async function originOf(store: Store): Promise<string> {
  const database = await openDatabase(loadSettings({ ...store }))
  try {
    const sealing = await seal(database.kysely, [])
    if (sealing.kind !== 'sealed') throw new Error(`not sealed: ${sealing.kind}`)
    return sealing.origin
  } finally {
    await database.close()
  }
}
