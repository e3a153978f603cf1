import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../../src/store/database.ts'
import { getNotification, listNotifications, replayNotification } from '../../src/store/notifications.ts'
import { KINDS } from '../services/stores.ts'
import { openMigrated } from './databases.ts'

/** Well-formed ids that no row has, with times before and after every month of the database. */
const IDS = [
  '00000000-0000-7000-8000-000000000000',
  'e6770ff1-d800-7000-8000-000000000000',
  'ffffffff-ffff-7fff-bfff-ffffffffffff',
  'ffffffff-ffff-4fff-bfff-ffffffffffff',
]

describe.each(KINDS)('made-up ids and filters, on %s', (kind) => {
  let database: Database
  beforeAll(async () => {
    database = await openMigrated(kind)
  })
  afterAll(() => database.close())

  it.each(IDS)('%s is not_found', async (id) => {
    await expect(getNotification(database.kysely, id)).rejects.toMatchObject({ code: 'not_found' })
    await expect(replayNotification(database.kysely, id, 'test')).rejects.toMatchObject({ code: 'not_found' })
  })

  it.each(IDS.slice(0, -1))('%s as a cursor lists existing notifications', async (cursor) => {
    expect((await listNotifications(database.kysely, { limit: 1, cursor })).notifications).toEqual([])
  })

  it.each(["' OR 1=1 --", '\\', '%', '\u0000', '\u{1F600}'])('%j as a filter finds nothing', async (text) => {
    for (const filter of ['correlationId', 'eventType', 'channel'] as const)
      expect((await listNotifications(database.kysely, { limit: 1, [filter]: text })).notifications).toEqual([])
  })
})
