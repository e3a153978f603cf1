import type { KyselyPlugin } from 'kysely'
import { describe, expect, it, onTestFinished } from 'vitest'
import { seal } from '../../src/audit/seal.ts'
import { generateKey, readSigner } from '../../src/contract/note-keys.ts'
import type { Database } from '../../src/store/database.ts'
import { openMigrated } from '../conformance/databases.ts'
import { KINDS } from '../services/stores.ts'
import { addEntries, type Db, expectSound, unsealed } from './trail.ts'

/** Calls `before` with the number of each statement, from 1, before it is sent. */
function countingStatements(db: Db, before: (statement: number) => void): Db {
  let count = 0
  const plugin: KyselyPlugin = {
    transformQuery({ node }) {
      count += 1
      before(count)
      return node
    },
    transformResult: async ({ result }) => result,
  }
  return db.withPlugin(plugin)
}

/** A sealing with a new key and 260 entries, which makes every statement that a sealing can make; returns their number. */
async function sealEverything(db: Db, before: (statement: number) => void): Promise<number> {
  let count = 0
  const counted = countingStatements(db, (statement) => {
    count = statement
    before(statement)
  })
  const { origin } = await db.selectFrom('teams_audit_origins').select('origin').executeTakeFirstOrThrow()
  await seal(counted, [readSigner(generateKey(origin).privateKey)])
  return count
}

describe.each(KINDS)('sealing on %s, ended', (kind) => {
  async function sealedOnce(): Promise<Database> {
    const database = await openMigrated(kind)
    onTestFinished(() => database.close())
    await addEntries(database.kysely, 250)
    await seal(database.kysely, [])
    await addEntries(database.kysely, 10)
    return database
  }

  it('before any of its statements leaves a sound tree, and the next sealing goes on', async () => {
    const { kysely: db } = await sealedOnce()
    for (let last = 1; ; last += 1) {
      const size = (await expectSound(db))?.size
      const waiting = await unsealed(db)
      const count = await sealEverything(db, (statement) => {
        if (statement === last) throw new Error('ended')
      }).catch((error: Error) => error.message)
      if (count !== 'ended') {
        expect(last).toBeGreaterThan(8)
        break
      }
      expect(await unsealed(db)).toBe(waiting)
      expect((await expectSound(db))?.size).toBe(size)
    }
    expect(await unsealed(db)).toBe(0)
    await expectSound(db)
  })
})
