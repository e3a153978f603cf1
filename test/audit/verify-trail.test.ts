import { type Kysely, type RawBuilder, sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seal } from '../../src/audit/seal.ts'
import { verifyTrail } from '../../src/audit/verify/verify.ts'
import { generateKey, readSigner, readVerifier } from '../../src/contract/note-keys.ts'
import type { Database } from '../../src/store/database.ts'
import type { Tables } from '../../src/store/tables.ts'
import { openMigrated } from '../conformance/databases.ts'
import { KINDS } from '../services/stores.ts'
import { liveALife } from './a-life.ts'

const KEY = generateKey('example.org/trail')
const OPTIONS = { keys: [readVerifier(KEY.verifierKey)], anchors: [] }

describe.each(KINDS)('the audit trail of a whole life on %s', (kind) => {
  let database: Database
  let db: Kysely<Tables>
  beforeAll(async () => {
    database = await openMigrated(kind)
    db = database.kysely
    await liveALife(db)
    await seal(db, [readSigner(KEY.privateKey)])
  })
  afterAll(() => database.close())

  const tamper = (statement: RawBuilder<unknown>) =>
    db.transaction().execute(async (transaction) => {
      await sql`SET LOCAL session_replication_role = replica`.execute(transaction)
      await statement.execute(transaction)
    })

  it('is intact', async () => {
    expect(await verifyTrail(db, OPTIONS)).toMatchObject({ intact: true, findings: [], notes: [] })
  })

  it('is not intact where a derived column was edited, and names its entry; then compares no rows from a later point on', async () => {
    await tamper(sql`UPDATE teams_notifications SET retry_count = retry_count + 1
                      WHERE id = (SELECT id FROM teams_notifications WHERE state = 'accepted' ORDER BY id LIMIT 1)`)
    const { intact, findings } = await verifyTrail(db, OPTIONS)
    expect(intact).toBe(false)
    expect(findings).toMatchObject([
      {
        code: 'row_differs',
        origin: 'example.org/trail',
        index: expect.any(Number),
        row: { table: 'teams_notifications', column: 'retry_count' },
      },
    ])
    expect(await verifyTrail(db, { ...OPTIONS, since: { size: 0 } })).toMatchObject({
      intact: true,
      notes: ['Rows were not compared with entries, which only a verification of everything does.'],
    })
  })
})
