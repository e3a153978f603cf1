import { type Kysely, sql } from 'kysely'
import { describe, expect, it, vi } from 'vitest'
import { verifyRows } from '../../src/audit/verify/rows.ts'
import type { Actor } from '../../src/contract/actions.ts'
import { createTimers } from '../../src/escalation/create-timers.ts'
import { tick } from '../../src/escalation/tick.ts'
import { newId } from '../../src/kernel/ids.ts'
import { lockEscalations } from '../../src/store/escalations.ts'
import { insertPagerAlerts, updatePagerAlerts } from '../../src/store/pager-alerts.ts'
import { inReadSnapshot } from '../../src/store/read-snapshot.ts'
import type { Tables } from '../../src/store/tables.ts'
import { inTransaction } from '../../src/store/transactions.ts'
import { actingOn, rowsOf } from '../actions/acting.ts'
import { KINDS, startedStore } from '../services/stores.ts'
import { cardsOf, escalationOf, minutesAfter, type World, worldOn } from './setup.ts'

const person = (name: string): Actor => ({
  via: 'entra',
  id: name.toLowerCase(),
  name,
  verified: true,
  roles: [],
  relayedBy: null,
})
const sara = person('Sara')
const omar = person('Omar')

/** The id of the newest notification of an event. */
async function newestOf({ db }: World, eventId: string): Promise<string> {
  const { id } = await db
    .selectFrom('teams_notifications')
    .select('id')
    .where('event_id', '=', eventId)
    .orderBy('id', 'desc')
    .executeTakeFirstOrThrow()
  return id
}

describe.each(KINDS)('acting on an event that climbs, on the %s database', (kind) => {
  it('is possible on the card of a tier that is called weeks after the event', async () => {
    const world = await worldOn(await startedStore(kind))
    const { db, options, wired } = world
    const eventId = await world.send({ eventType: 'celery.worker.offline', stakeholders: ['runtime_eng'] })
    const { since } = await escalationOf(db, eventId)
    await tick(db, minutesAfter(since, 5), options)
    // An id as of a gateway that calls the tier in 40 days.
    const late = newId()
    const inForty = (Date.now() + 40 * 86_400_000).toString(16).padStart(12, '0')
    const notificationId = `${inForty.slice(0, 8)}-${inForty.slice(8)}${late.slice(13)}`
    await sql`UPDATE teams_notifications SET id = ${notificationId}, state = 'failed'
               WHERE id = ${await newestOf(world, eventId)}`.execute(db)
    const { service } = wired
    expect(await service.getNotification(notificationId, 'library')).toMatchObject({ eventId })
    expect(await service.getActionPage(notificationId, 'acknowledge', sara)).toMatchObject({ possible: true })
    expect(await service.act({ action: 'replay', notificationId }, sara)).toMatchObject({ state: 'done', eventId })
    expect(await service.act({ action: 'acknowledge', notificationId }, sara)).toMatchObject({ state: 'done', eventId })
  })

  it('shows the tiers that can be called, by what they do, and when the next one is called', async () => {
    const config = {
      pagers: { oncall: { kind: 'pagerduty' } },
      escalation: {
        policies: {
          vault: {
            for: [{ event_type: 'vault.*' }],
            tiers: [
              { after: '12m', channels: ['cloudops'], mentions: [{ name: 'Sara', id: 'sara@x.example' }] },
              { after: '5m', channels: ['pmo'], pagers: ['oncall'] },
            ],
          },
        },
      },
    } as const
    const { db, wired, send } = await worldOn(await startedStore(kind), { config })
    const { service, catalogue } = wired
    const nameOf = (key: string) => catalogue.channels.get(key)?.name
    const eventId = await send({ eventType: 'vault.seal.detected', stakeholders: ['sre'] })
    const id = await newestOf({ db } as World, eventId)
    const page = await service.getActionPage(id, 'escalate', sara)
    const { next_at } = await escalationOf(db, eventId)
    expect(page.channelName).toBe(nameOf('sre'))
    expect(page.inputs).toMatchObject({ tier: 'optional' })
    expect(page.tiers).toEqual([
      { tier: 1, channels: [nameOf('sre')], people: [], pagers: [], isNext: false, at: null },
      { tier: 2, channels: [nameOf('cloudops')], people: ['Sara'], pagers: [], isNext: true, at: next_at },
      { tier: 3, channels: [nameOf('pmo')], people: [], pagers: ['oncall'], isNext: false, at: null },
    ])
    await service.act({ action: 'acknowledge', notificationId: id }, sara)
    const after = await service.getActionPage(id, 'escalate', sara)
    expect(after.tiers.map(({ isNext, at }) => [isNext, at])).toEqual([
      [false, null],
      [true, null],
      [false, null],
    ])
    expect((await service.getActionPage(id, 'acknowledge', sara)).tiers).toEqual([])
  })

  it('acknowledges again what was escalated since, once', async () => {
    const { db, options, wired, send } = await worldOn(await startedStore(kind))
    const eventId = await send({ eventType: 'celery.worker.offline', stakeholders: ['runtime_eng'] })
    const { service } = wired
    await service.act({ action: 'acknowledge', eventId }, sara)
    await inTransaction(db, (transaction) => createTimers(options).climb(transaction, eventId))
    expect(await escalationOf(db, eventId)).toMatchObject({ state: 'climbing', tier: 2 })
    expect(await service.act({ action: 'acknowledge', eventId }, omar)).toMatchObject({ state: 'done' })
    expect(await escalationOf(db, eventId)).toMatchObject({ state: 'acknowledged' })
    expect(await service.act({ action: 'acknowledge', eventId }, sara)).toMatchObject({
      result: 'already_acknowledged',
      data: { by: 'Omar' },
    })
  })

  it('renews an acknowledgement of which a reminder was sent, and the reminder is acknowledged as its event', async () => {
    const world = await worldOn(await startedStore(kind))
    const { db, options, wired, send } = world
    const eventId = await send({ eventType: 'celery.worker.offline', stakeholders: ['runtime_eng'] })
    const { service } = wired
    await service.act({ action: 'acknowledge', eventId, reason: 'on it' }, sara)
    const { ack_expires_at: expires } = await escalationOf(db, eventId)
    await tick(db, minutesAfter(expires ?? new Date(), -15), options)
    const id = await newestOf(world, eventId)
    expect(await service.getNotification(id, 'library')).toMatchObject({
      acknowledgedBy: 'Sara',
      actionTaken: 'acknowledge',
    })
    expect(await service.act({ action: 'acknowledge', notificationId: id }, omar)).toMatchObject({ state: 'done' })
    const renewed = await escalationOf(db, eventId)
    expect(renewed).toMatchObject({ state: 'acknowledged', reminded_at: null })
    expect(Number(renewed.ack_expires_at)).toBeGreaterThan(Number(expires))
    expect(await service.getNotification(id, 'library')).toMatchObject({ acknowledgedBy: 'Omar' })
    expect(await inReadSnapshot(db, (snapshot) => Array.fromAsync(verifyRows(snapshot)))).toEqual([])
  })

  it('writes an escalation into the card of the tier that it calls, as into the others of the event', async () => {
    const { db, options, wired, send } = await worldOn(await startedStore(kind))
    const eventId = await send({ eventType: 'celery.worker.offline', stakeholders: ['runtime_eng'] })
    const { act } = actingOn(wired.database, { timers: createTimers(options) })
    await act({ action: 'acknowledge', target: { eventId } }, sara)
    const escalated = await act({ action: 'escalate', target: { eventId }, inputs: { reason: 'no answer' } }, omar)
    expect(await cardsOf(db, eventId)).toEqual(['own runtime_eng pending', '2 nphies_integration pending'])
    const rows = await rowsOf(db, [eventId])
    expect(rows.map(({ channel }) => channel)).toEqual(['runtime_eng', 'nphies_integration'])
    for (const row of rows)
      expect(row).toMatchObject({
        acknowledged_by: 'Sara',
        action_taken: 'escalate',
        action_data: { action_id: escalated.id, by: 'Omar', tier: 2, after: ['acknowledge'] },
      })
    expect(await inReadSnapshot(db, (snapshot) => Array.fromAsync(verifyRows(snapshot)))).toEqual([])
  })

  it('does not escalate where nobody would be reached, and leaves the timer as it is', async () => {
    // No channel of this gateway has a webhook URL.
    const { db, wired, send } = await worldOn(await startedStore(kind))
    const eventId = await send({ eventType: 'celery.worker.offline', stakeholders: ['runtime_eng'] })
    const before = await escalationOf(db, eventId)
    expect(await wired.service.act({ action: 'escalate', eventId, reason: 'no answer' }, sara)).toMatchObject({
      state: 'refused',
      result: 'reached_nobody',
    })
    expect(await escalationOf(db, eventId)).toEqual(before)
  })

  it('leaves an acknowledgement its time, where the event is discarded and restored', async () => {
    const { db, wired, send } = await worldOn(await startedStore(kind))
    const eventId = await send({ eventType: 'celery.worker.offline', stakeholders: ['runtime_eng'] })
    const { service } = wired
    await service.act({ action: 'acknowledge', eventId }, sara)
    const { ack_expires_at: expires } = await escalationOf(db, eventId)
    await service.act({ action: 'discard', eventId, reason: 'a drill' }, sara)
    await service.act({ action: 'restore', eventId }, sara)
    expect(await escalationOf(db, eventId)).toMatchObject({ state: 'acknowledged', ack_expires_at: expires })
  })
})

it('stops a timer that another process has started, in one whose settings start none', async () => {
  const store = await startedStore('postgres')
  const { db, send } = await worldOn(store)
  const eventId = await send({ eventType: 'celery.worker.offline', stakeholders: ['runtime_eng'] })
  const { wired } = await worldOn(store, { escalation: 'off' })
  await wired.service.act({ action: 'acknowledge', eventId }, sara)
  expect(await escalationOf(db, eventId)).toMatchObject({ state: 'acknowledged' })
})

it('an acknowledgement and the end of its event do not wait for each other', async () => {
  const { db, options, send } = await worldOn(await startedStore('postgres'))
  const eventId = await send({ eventType: 'celery.worker.offline', stakeholders: ['runtime_eng'] })
  const { event_created_at: eventCreatedAt } = await escalationOf(db, eventId)
  await insertPagerAlerts(db, [{ eventId, eventCreatedAt, pager: 'oncall', fingerprint: null, tier: 2 }])
  const timers = createTimers({ ...options, tellPagers: updatePagerAlerts })
  const ending = await db.startTransaction().execute()
  await lockEscalations(ending, { eventIds: [eventId] })
  const acknowledged = inTransaction(db, (transaction) => timers.acknowledged(transaction, [eventId]))
  await vi.waitFor(async () => expect(await waiting(db)).toBe(1), { timeout: 20_000 })
  await updatePagerAlerts(ending, [eventId], 'resolve')
  await ending.commit().execute()
  expect(await acknowledged).toHaveLength(1)
})

it('an acknowledgement takes the card of a tier that was called while it waited', async () => {
  const world = await worldOn(await startedStore('postgres'))
  const { db, options, wired, send } = world
  const eventId = await send({ eventType: 'celery.worker.offline', stakeholders: ['runtime_eng'] })
  const called = await db.startTransaction().execute()
  await createTimers(options).climb(called, eventId)
  const acknowledged = wired.service.act({ action: 'acknowledge', eventId }, sara)
  await vi.waitFor(async () => expect(await waiting(db)).toBe(1), { timeout: 20_000 })
  await called.commit().execute()
  await acknowledged
  const { tier } = await escalationOf(db, eventId)
  expect(tier).toBe(2)
  const id = await newestOf(world, eventId)
  expect(await wired.service.getNotification(id, 'library')).toMatchObject({
    channel: 'nphies_integration',
    acknowledgedBy: 'Sara',
  })
})

/** How many transactions wait for a lock of another one. */
async function waiting(db: Kysely<Tables>): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    SELECT count(*)::int AS count FROM pg_stat_activity
     WHERE datname = current_database() AND wait_event_type = 'Lock'`.execute(db)
  return rows[0]?.count ?? 0
}
