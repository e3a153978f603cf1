import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decide } from '../../src/actions/decide.ts'
import { statesOf } from '../../src/actions/event-state.ts'
import { findAsked, groupAlike, readActed, withMembers } from '../../src/store/acted-events.ts'
import type { Database } from '../../src/store/database.ts'
import { openMigrated } from '../conformance/databases.ts'
import { KINDS } from '../services/stores.ts'
import { actingOn, firing, OMAR, SARA } from './acting.ts'

const member = (index: number) => firing({ priority: 'LOW', correlationId: `member-${index}` })

describe.each(KINDS)('the page of a digest, on %s', (kind) => {
  let database: Database
  beforeAll(async () => {
    database = await openMigrated(kind)
  })
  afterAll(() => database.close())

  it('counts the members to which the action would be done, whatever was done to some of them', async () => {
    const acting = actingOn(database)
    const { kysely } = database
    const accepted = await acting.acceptAll(Array.from({ length: 12 }, (_, index) => member(index)))
    const ids = accepted.map(({ eventId }) => eventId)
    const notificationId = await acting.digest('sre')
    const act = (action: 'acknowledge' | 'discard', index: number, actor = SARA) =>
      acting.act({ action, target: { eventId: ids[index] ?? '' }, inputs: { reason: 'r' } }, actor)
    await act('acknowledge', 0)
    await act('acknowledge', 1, OMAR)
    await act('discard', 2)
    await act('discard', 3)
    await act('acknowledge', 4)
    await sql`UPDATE teams_notifications SET acknowledged_at = now() - interval '2 days' WHERE event_id = ${ids[4]}`.execute(
      kysely,
    )
    const asked = await findAsked(kysely, { notificationId })
    const { notifications, now } = await readActed(kysely, await withMembers(kysely, asked))
    const states = statesOf(notifications, acting.parts.lives, now)
    expect(states).toHaveLength(13)
    const options = { now, restoreWindow: 60, tier: null, notificationId }
    for (const action of ['acknowledge', 'unacknowledge', 'escalate', 'discard', 'restore'] as const) {
      const { events } = await acting.getActionPage(notificationId, action, SARA)
      expect([action, events]).toEqual([action, states.filter((state) => decide(action, state, options).done).length])
    }
  })

  it('groups 2,000 members that are alike, and reads them in less than half the CPU time of reading all', async () => {
    const acting = actingOn(database)
    const { kysely } = database
    for (let from = 1_000; from < 3_000; from += 500)
      await acting.acceptAll(Array.from({ length: 500 }, (_, index) => member(from + index)))
    const notificationId = await acting.digest('sre')
    const show = () => acting.getActionPage(notificationId, 'acknowledge', SARA)
    expect(await show()).toMatchObject({ possible: true, events: 2_001 })
    const ids = await withMembers(kysely, await findAsked(kysely, { notificationId }))
    const alike = await groupAlike(kysely, ids)
    expect(alike.map(({ count }) => count).sort()).toEqual([1, 2_000])
    if (kind === 'embedded') return
    const cpuOf = async (work: () => Promise<unknown>) => {
      const before = process.cpuUsage()
      for (let time = 0; time < 10; time += 1) await work()
      const { user, system } = process.cpuUsage(before)
      return user + system
    }
    const readAll = async () => {
      const all = await readActed(kysely, await withMembers(kysely, ids))
      return statesOf(all.notifications, acting.parts.lives, all.now)
    }
    await readAll()
    expect(await cpuOf(show)).toBeLessThan((await cpuOf(readAll)) / 2)
  })
})
