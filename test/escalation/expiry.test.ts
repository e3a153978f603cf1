import { type Kysely, sql } from 'kysely'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { verifyRows } from '../../src/audit/verify/rows.ts'
import { createTimers } from '../../src/escalation/create-timers.ts'
import { expireOthers } from '../../src/escalation/expire.ts'
import { startEscalation } from '../../src/escalation/loop.ts'
import { tick } from '../../src/escalation/tick.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import { inReadSnapshot } from '../../src/store/read-snapshot.ts'
import { readStats } from '../../src/store/stats.ts'
import type { Tables } from '../../src/store/tables.ts'
import { inTransaction } from '../../src/store/transactions.ts'
import { OMAR, rowsOf, SARA } from '../actions/acting.ts'
import { KINDS, startedStore } from '../services/stores.ts'
import { ACK_TTL, entriesOf, escalationOf, minutesAfter, worldOn } from './setup.ts'

const OFFLINE = { eventType: 'celery.worker.offline', stakeholders: ['runtime_eng'] } as const
const LONG_AGO = new Date(0)

const verified = (db: Kysely<Tables>) => inReadSnapshot(db, (snapshot) => Array.fromAsync(verifyRows(snapshot)))

/** Who acknowledged an event by its notifications, and the last action that they have. */
async function acknowledgedOf(db: Kysely<Tables>, eventId: string) {
  const rows = await rowsOf(db, [eventId])
  return rows.map(({ acknowledged_by, acknowledged_at, action_taken, action_data }) => ({
    by: acknowledged_by,
    held: acknowledged_at !== null,
    last: action_taken,
    lastBy: action_data?.by ?? null,
  }))
}

const EXPIRED = { by: null, held: false, last: 'acknowledge', lastBy: 'Sara' }
const HELD = { by: 'Sara', held: true, last: 'acknowledge', lastBy: 'Sara' }

describe.each(KINDS)('an acknowledgement that expires, on the %s database', (kind) => {
  it('leaves the event unacknowledged, and its escalation goes on', async () => {
    const { db, options, wired, send } = await worldOn(await startedStore(kind))
    const eventId = await send(OFFLINE)
    await wired.service.act({ action: 'acknowledge', eventId }, SARA)
    const { ack_expires_at: expires } = await escalationOf(db, eventId)
    const at = expires ?? new Date(0)
    await tick(db, minutesAfter(at, -15), options)
    expect(await acknowledgedOf(db, eventId)).toEqual([HELD, HELD])

    expect(await tick(db, at, options)).toMatchObject({ due: 1, expired: 1 })
    expect(await acknowledgedOf(db, eventId)).toEqual([EXPIRED, EXPIRED])
    expect(await escalationOf(db, eventId)).toMatchObject({ state: 'climbing', next_at: minutesAfter(at, 5) })
    expect(await entriesOf(db, eventId)).toContain('escalation.expired')
    expect(await verified(db)).toEqual([])
    expect(await tick(db, at, options)).toMatchObject({ due: 0, expired: 0 })

    expect(await wired.service.act({ action: 'unacknowledge', eventId }, OMAR)).toMatchObject({
      result: 'not_acknowledged',
    })
    expect(await wired.service.act({ action: 'acknowledge', eventId }, OMAR)).toMatchObject({ state: 'done' })
    expect(await verified(db)).toEqual([])
  })

  it('is counted as unacknowledged by the figures and the view, with the time of the first answer', async () => {
    const { db, options, wired, send } = await worldOn(await startedStore(kind))
    const eventId = await send(OFFLINE)
    await sql`UPDATE teams_notifications SET state = 'accepted', sent_at = now() - interval '2 minutes'
               WHERE event_id = ${eventId}`.execute(db)
    await wired.service.act({ action: 'acknowledge', eventId }, SARA)
    const figures = () => readStats(db, { since: minutesAfter(new Date(), -60), until: minutesAfter(new Date(), 1) })
    const mean = { meanSeconds: expect.closeTo(120, -1) }
    expect(await figures()).toMatchObject({
      acknowledgements: [{ priority: 'CRITICAL', events: 1, acknowledged: 1, ...mean }],
      stakeholders: [{ stakeholder: 'runtime_eng', share: 1 }],
      unacknowledgedCritical: 0,
    })
    const { ack_expires_at: expires } = await escalationOf(db, eventId)
    await tick(db, expires ?? new Date(0), options)
    expect(await figures()).toMatchObject({
      acknowledgements: [{ priority: 'CRITICAL', events: 1, acknowledged: 0, ...mean }],
      stakeholders: [{ stakeholder: 'runtime_eng', share: 0 }],
      unacknowledgedCritical: 1,
    })
  })

  it('does so where events do not climb, and not of an event that is resolved or discarded', async () => {
    const { db, options, wired, send } = await worldOn(await startedStore(kind), { escalation: 'off' })
    const { service } = wired
    const open = await send(OFFLINE)
    const [card] = await rowsOf(db, [open])
    expect(await service.getActionPage(card?.id ?? '', 'escalate', SARA)).toMatchObject({
      possible: false,
      result: 'no_policy',
    })
    const medium = await send({ eventType: 'celery.queue.backlog', stakeholders: ['runtime_eng'] })
    const resolved = await send({ eventType: 'vault.seal.detected', correlationId: 'v-1', stakeholders: ['sre'] })
    const discarded = await send({ ...OFFLINE, correlationId: 'd-1' })
    for (const eventId of [open, medium, resolved, discarded])
      await service.act({ action: 'acknowledge', eventId }, SARA)
    await send({ eventType: 'vault.unseal.complete', correlationId: 'v-1', stakeholders: ['sre'] })
    await service.act({ action: 'discard', eventId: discarded, reason: 'a drill' }, SARA)

    const expire = (minutes: number, set = options) =>
      expireOthers(db, { now: minutesAfter(new Date(), minutes), limit: 200, ackedAfter: LONG_AGO }, set)
    expect(await expire(59)).toBe(0)
    expect(await expire(61, { ...options, ackTtl: { ...ACK_TTL, CRITICAL: 0 } })).toBe(0)
    expect(await expire(61)).toBe(1)
    expect(await acknowledgedOf(db, open)).toEqual([EXPIRED])
    expect(await acknowledgedOf(db, medium)).toEqual([HELD])
    expect(await expire(1_441)).toBe(1)
    expect(await acknowledgedOf(db, medium)).toEqual([EXPIRED])
    expect(await acknowledgedOf(db, resolved)).toEqual([HELD])
    expect(await acknowledgedOf(db, discarded)).toMatchObject([{ by: 'Sara', held: true, last: 'discard' }])
    await service.act({ action: 'restore', eventId: discarded }, SARA)
    expect(await expire(61)).toBe(1)
    expect(await acknowledgedOf(db, discarded)).toMatchObject([{ by: null, last: 'restore' }])
    expect(await verified(db)).toEqual([])
  })

  it('does so where somebody had called a tier since, and the escalation climbs as it did', async () => {
    const { db, options, wired, send } = await worldOn(await startedStore(kind))
    const eventId = await send(OFFLINE)
    await wired.service.act({ action: 'acknowledge', eventId }, SARA)
    await inTransaction(db, (transaction) => createTimers(options).climb(transaction, eventId))
    const before = await escalationOf(db, eventId)
    const now = minutesAfter(new Date(), 61)
    expect(await expireOthers(db, { now, limit: 200, ackedAfter: LONG_AGO }, options)).toBe(1)
    expect(await acknowledgedOf(db, eventId)).toMatchObject([{ held: false }, { held: false }])
    expect(await escalationOf(db, eventId)).toEqual(before)
  })

  it('begins the policy again where somebody had called its last tier since', async () => {
    const { db, options, wired, send } = await worldOn(await startedStore(kind))
    const eventId = await send(OFFLINE)
    await wired.service.act({ action: 'acknowledge', eventId }, SARA)
    const { plan } = await escalationOf(db, eventId)
    await inTransaction(db, (transaction) => createTimers(options).climb(transaction, eventId, plan.tiers.length + 1))
    expect(await escalationOf(db, eventId)).toMatchObject({ state: 'climbing', next_at: null })
    const now = minutesAfter(new Date(), 61)
    expect(await expireOthers(db, { now, limit: 200, ackedAfter: LONG_AGO }, options)).toBe(1)
    expect(await escalationOf(db, eventId)).toMatchObject({ state: 'climbing', tier: 1, next_at: minutesAfter(now, 5) })
    expect(await entriesOf(db, eventId)).toContain('escalation.expired')
    expect(await verified(db)).toEqual([])
  })

  it('is found by a gateway whose events do not climb', async () => {
    const { db, options, wired, send } = await worldOn(await startedStore(kind), { escalation: 'off' })
    const eventId = await send(OFFLINE)
    await wired.service.act({ action: 'acknowledge', eventId }, SARA)
    await sql`UPDATE teams_notifications SET acknowledged_at = acknowledged_at - interval '61 minutes'
               WHERE event_id = ${eventId}`.execute(db)
    const stop = startEscalation({ ...options, kysely: db, clock: systemClock, callsTiers: false })
    onTestFinished(stop)
    await vi.waitFor(async () => expect(await acknowledgedOf(db, eventId)).toEqual([EXPIRED]), { timeout: 20_000 })
  })
})

it('an acknowledgement that comes while the one before expires waits for it, and holds', async () => {
  const { db, options, wired, send } = await worldOn(await startedStore('postgres'))
  const eventId = await send(OFFLINE)
  await wired.service.act({ action: 'acknowledge', eventId }, SARA)
  const { ack_expires_at: expires } = await escalationOf(db, eventId)
  // A reminder was sent, so that it can be acknowledged again.
  await tick(db, minutesAfter(expires ?? new Date(0), -15), options)
  await Promise.all([
    tick(db, expires ?? new Date(0), options),
    wired.service.act({ action: 'acknowledge', eventId }, OMAR),
  ])
  const held = { by: 'Omar', held: true, last: 'acknowledge', lastBy: 'Omar' }
  expect(await acknowledgedOf(db, eventId)).toEqual([held, held])
  expect(await escalationOf(db, eventId)).toMatchObject({ state: 'acknowledged' })
})
