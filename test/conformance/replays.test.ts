import { type Kysely, sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId } from '../../src/kernel/ids.ts'
import type { Database } from '../../src/store/database.ts'
import { applyRetention } from '../../src/store/maintenance.ts'
import { getNotification, replayNotification } from '../../src/store/notifications.ts'
import type { Tables } from '../../src/store/tables.ts'
import { KINDS } from '../services/stores.ts'
import { openMigrated } from './databases.ts'

describe.each(KINDS)('replays on %s', (kind) => {
  let database: Database
  let db: Kysely<Tables>
  beforeAll(async () => {
    database = await openMigrated(kind)
    db = database.kysely
  })
  afterAll(() => database.close())

  /** Writes a dead letter. */
  async function deadLetter(): Promise<string> {
    const id = newId()
    await sql`
      INSERT INTO teams_notifications (id, event_id, event_type, correlation_id, priority, stakeholders, channel, language, state)
      VALUES (${id}, ${newId()}, 't', 'c', 'HIGH', '{sre}', 'sre', 'en', 'failed')`.execute(db)
    return id
  }
  const fail = (id: string, more = sql``) =>
    sql`UPDATE teams_notifications SET state = 'failed' ${more} WHERE id = ${id}`.execute(db)
  const actions = async (id: string) => (await getNotification(db, id)).actions

  it('are shown as actions: by whom and when, beside the acknowledgement', async () => {
    const id = await deadLetter()
    await replayNotification(db, id, 'http:ops')
    await fail(id, sql`, acknowledged_by = 'Sara', acknowledged_at = clock_timestamp()`)
    await replayNotification(db, id, 'cli:omar')
    const done = await actions(id)
    expect(done.map(({ action, by }) => [action, by])).toEqual([
      ['replay', 'http:ops'],
      ['acknowledge', 'Sara'],
      ['replay', 'cli:omar'],
    ])
    for (const { at } of done) expect(Math.abs(Date.now() - at.getTime())).toBeLessThan(60_000)
  })

  it('are not shown where the replay was rolled back or refused', async () => {
    const id = await deadLetter()
    const rolledBack = db.transaction().execute(async (transaction) => {
      await replayNotification(transaction, id, 'http:ops')
      throw new Error('away')
    })
    await expect(rolledBack).rejects.toThrow('away')
    expect(await actions(id)).toEqual([])
    await replayNotification(db, id, 'http:ops')
    await expect(replayNotification(db, id, 'http:other')).rejects.toMatchObject({ code: 'not_replayable' })
    expect(await actions(id)).toHaveLength(1)
  })

  it('are deleted with their notification', async () => {
    const id = await deadLetter()
    await replayNotification(db, id, 'http:ops')
    await sql`UPDATE teams_replays SET replayed_at = now() - interval '11 days' WHERE notification_id = ${id}`.execute(
      db,
    )
    await applyRetention(db, 12, 12)
    expect(await actions(id)).toHaveLength(1)
    await applyRetention(db, 10, 10)
    expect(await actions(id)).toEqual([])
  })
})
