import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seal } from '../../src/audit/seal.ts'
import { readAuditLag } from '../../src/store/audit-lag.ts'
import type { Database } from '../../src/store/database.ts'
import { insertEntry } from '../../src/store/insert-entry.ts'
import { serveQuick } from '../acceptance/gateways.ts'
import { openMigrated } from '../conformance/databases.ts'
import { KINDS, startedStore } from '../services/stores.ts'

describe.each(KINDS)('the lag of the audit tree on %s', (kind) => {
  let database: Database
  beforeAll(async () => {
    database = await openMigrated(kind)
    await seal(database.kysely, [])
  })
  afterAll(() => database.close())

  it('is the age of the oldest entry without a leaf, and 0 once all are sealed', async () => {
    const { kysely } = database
    expect(await readAuditLag(database)).toMatchObject({ unsealedSeconds: 0 })
    await sql`INSERT INTO teams_audit_entries (created_at, body)
              VALUES (now() - interval '90 seconds', teams_audit_body('record.month_moved', '"month":"2020-01"}'))`.execute(
      kysely,
    )
    await insertEntry(kysely, 'record.month_moved', { month: '2020-02' })
    const { unsealedSeconds } = await readAuditLag(database)
    expect(unsealedSeconds).toBeGreaterThanOrEqual(90)
    expect(unsealedSeconds).toBeLessThan(150)
    await seal(kysely, [])
    expect(await readAuditLag(database)).toEqual({ unsealedSeconds: 0, openTransactionSeconds: 0 })
  })

  it('is in the metrics of a gateway', async () => {
    const { service } = await serveQuick(await startedStore(kind))
    const { body } = await service.metrics()
    expect(body).toMatch(/^teams_audit_unsealed_seconds \d/m)
    expect(body).toMatch(/^teams_audit_oldest_open_transaction_seconds \d/m)
  })
})

describe('the oldest open transaction on postgres', () => {
  let database: Database
  beforeAll(async () => {
    database = await openMigrated('postgres')
  })
  afterAll(() => database.close())

  it('is one that has written, not one that only reads', async () => {
    const { kysely } = database
    await kysely.transaction().execute(async (transaction) => {
      await sql`SELECT count(*) FROM teams_events`.execute(transaction)
      expect(await readAuditLag(database)).toMatchObject({ openTransactionSeconds: 0 })
      await sql`SELECT pg_current_xact_id()`.execute(transaction)
      expect((await readAuditLag(database)).openTransactionSeconds).toBeGreaterThan(0)
    })
    expect(await readAuditLag(database)).toMatchObject({ openTransactionSeconds: 0 })
  })
})
