import { sql } from 'kysely'
import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../../src/store/database.ts'
import { findExpiredOthers } from '../../src/store/expire-acknowledgements.ts'
import { readFirstAcknowledgements } from '../../src/store/first-acknowledgements.ts'
import { openMigrated } from '../conformance/databases.ts'
import { KINDS } from '../services/stores.ts'
import { actingOn, firing, SARA } from './acting.ts'

const DAY_MS = 86_400_000

describe.each(KINDS)('an event of a process with a wrong clock, on %s', (kind) => {
  let database: Database
  beforeAll(async () => {
    database = await openMigrated(kind)
  })
  afterAll(() => database.close())

  /** Accepts an event and gives it and its notification the ids that a clock makes which is off by so many days. */
  async function acceptOff(days: number) {
    const acting = actingOn(database)
    const { eventId, notificationId } = await acting.accept(firing({ correlationId: `off-by-${days}` }))
    const off = () => v7({ msecs: Date.now() + days * DAY_MS })
    const ids = { eventId: off(), notificationId: off() }
    const { kysely } = database
    await sql`UPDATE teams_events SET id = ${ids.eventId} WHERE id = ${eventId}`.execute(kysely)
    await sql`UPDATE teams_notifications SET event_id = ${ids.eventId}, id = ${ids.notificationId}
               WHERE id = ${notificationId}`.execute(kysely)
    return { acting, ...ids }
  }

  it.each([-45, 45])('that is off by %d days is found by its id and by that of its notification', async (days) => {
    const { acting, eventId, notificationId } = await acceptOff(days)
    const acknowledged = await acting.act({ action: 'acknowledge', target: { eventId } })
    expect(acknowledged).toMatchObject({ state: 'done', eventId, events: 1, notification: { id: notificationId } })
    const page = await acting.getActionPage(notificationId, 'unacknowledge', SARA)
    expect(page).toMatchObject({ possible: true, events: 1 })
    const first = await readFirstAcknowledgements(database.kysely, acknowledged.id)
    expect(first).toMatchObject([{ stakeholders: ['sre'] }])
    await sql`UPDATE teams_notifications SET acknowledged_at = acknowledged_at - interval '1 hour'
               WHERE event_id = ${eventId}`.execute(database.kysely)
    const expired = await findExpiredOthers(database.kysely, {
      now: new Date(),
      ackTtl: { CRITICAL: 60, HIGH: 60, MEDIUM: 60, LOW: 60, INFO: 60 },
      ackedAfter: new Date(Date.now() - DAY_MS),
      limit: 100,
    })
    expect(expired).toContain(eventId)
    const discarded = await acting.act({ action: 'discard', target: { notificationId }, inputs: { reason: 'over' } })
    expect(discarded).toMatchObject({ state: 'done', eventId })
  })

  it('stands in a digest with others, and is acknowledged with it', async () => {
    const { acting, eventId } = await acceptOff(-45)
    await acting.accept(firing({ priority: 'LOW', correlationId: 'other' }))
    await sql`UPDATE teams_notifications SET priority = 'LOW' WHERE event_id = ${eventId}`.execute(database.kysely)
    const notificationId = await acting.digest('sre')
    expect(await acting.getActionPage(notificationId, 'acknowledge', SARA)).toMatchObject({ possible: true, events: 3 })
    const { id, events } = await acting.act({ action: 'acknowledge', target: { notificationId } })
    expect(events).toBe(3)
    const first = await readFirstAcknowledgements(database.kysely, id)
    expect(first).toHaveLength(2)
  })

  it('is no event of an id that no event has', async () => {
    const { acting } = await acceptOff(-45)
    await expect(acting.act({ action: 'acknowledge', target: { eventId: v7() } })).rejects.toMatchObject({
      code: 'not_found',
    })
  })
})
