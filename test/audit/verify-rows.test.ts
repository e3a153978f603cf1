import { type Kysely, sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Finding, Note } from '../../src/audit/verify/findings.ts'
import { DERIVED_COLUMNS, OTHER_COLUMNS } from '../../src/audit/verify/notification-columns.ts'
import { verifyRows } from '../../src/audit/verify/rows.ts'
import type { Database } from '../../src/store/database.ts'
import { inReadSnapshot } from '../../src/store/read-snapshot.ts'
import type { Tables } from '../../src/store/tables.ts'
import { openMigrated } from '../conformance/databases.ts'
import { KINDS } from '../services/stores.ts'
import { liveALife } from './a-life.ts'

type Db = Kysely<Tables>

async function all(db: Db): Promise<(Finding | Note)[]> {
  return Array.fromAsync(verifyRows(db))
}

describe.each(KINDS)('the rows of the record on %s', (kind) => {
  let database: Database
  let db: Db
  beforeAll(async () => {
    database = await openMigrated(kind)
    db = database.kysely
    await liveALife(db)
  })
  afterAll(() => database.close())

  it('follow from their entries, whatever happened to them', async () => {
    expect(await inReadSnapshot(db, all)).toEqual([])
  })

  it('have no column that is neither derived nor known not to be', async () => {
    const { rows } = await sql<{ name: string }>`
      SELECT attname::text AS name FROM pg_attribute
       WHERE attrelid = 'teams_notifications'::regclass AND attnum > 0 AND NOT attisdropped`.execute(db)
    expect(Object.keys({ ...DERIVED_COLUMNS, ...OTHER_COLUMNS }).sort()).toEqual(rows.map(({ name }) => name).sort())
  })
})
