import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { createTimers } from '../../src/escalation/create-timers.ts'
import { endImpossibleWaits, endResolved, replan, tick } from '../../src/escalation/tick.ts'
import { applyRetention } from '../../src/store/maintenance.ts'
import { inTransaction } from '../../src/store/transactions.ts'
import { KINDS, startedStore } from '../services/stores.ts'
import { cardsOf, entriesOf, escalationOf, minutesAfter, worldOn } from './setup.ts'

describe.each(KINDS)('escalation on the %s database', (kind) => {
  it('calls tier after tier of a CRITICAL event, and then nobody more', async () => {
    const { db, options, woken, send } = await worldOn(await startedStore(kind))
    const id = await send({ eventType: 'celery.worker.offline', stakeholders: ['runtime_eng'] })
    const { since } = await escalationOf(db, id)
    expect(await tick(db, minutesAfter(since, 4.9), options)).toMatchObject({ due: 0 })
    expect(await tick(db, minutesAfter(since, 5), options)).toMatchObject({ due: 1 })
    expect(await tick(db, minutesAfter(since, 5), options)).toMatchObject({ due: 0 })
    await tick(db, minutesAfter(since, 10), options)
    await tick(db, minutesAfter(since, 15), options)
    expect(await tick(db, minutesAfter(since, 60_000), options)).toMatchObject({ due: 0 })
    expect(await cardsOf(db, id)).toEqual([
      'own runtime_eng pending',
      '2 nphies_integration pending',
      '3 devops pending',
      '4 sre pending',
    ])
    expect(woken).toEqual(['nphies_integration', 'devops', 'sre'])
    expect(await escalationOf(db, id)).toMatchObject({ state: 'climbing', tier: 4, next_at: null })
    expect(await entriesOf(db, id)).toEqual(['escalation.started', ...Array(3).fill('escalation.called')])
  })

  it('counts the wait from when the tier before was called, also where that was late', async () => {
    const { db, options, send } = await worldOn(await startedStore(kind))
    const id = await send({ eventType: 'celery.worker.offline', stakeholders: ['runtime_eng'] })
    const { since } = await escalationOf(db, id)
    // As after an outage of an hour.
    await tick(db, minutesAfter(since, 60), options)
    expect(await tick(db, minutesAfter(since, 64), options)).toMatchObject({ due: 0 })
    expect(await tick(db, minutesAfter(since, 65), options)).toMatchObject({ due: 1 })
  })

  it('starts none for INFO, silenced events, repeats, and events of the gateway itself', async () => {
    const { wired, db, send } = await worldOn(await startedStore(kind), {
      config: { channels: { pmo: { muted: true } } },
    })
    await wired.service.createSilence(
      {
        matchers: [{ field: 'event_type', operator: '=', value: 'redis.replica.lagging' }],
        endsAt: minutesAfter(new Date(), 60).toISOString(),
        reason: 'moving',
      },
      'library',
    )
    await send({ eventType: 'vault.unseal.complete' })
    await send({ eventType: 'redis.replica.lagging' })
    await send({ eventType: 'backup.failed', stakeholders: ['pmo'], data: { subject: 's', description: 'd' } })
    const first = await send({ eventType: 'celery.worker.offline', correlationId: 'c-1' })
    await send({ eventType: 'celery.worker.offline', correlationId: 'c-1' })
    const rows = await db.selectFrom('teams_escalations').select('event_id').execute()
    expect(rows).toEqual([{ event_id: first }])
  })

  it('calls the tiers of an event that came outside working hours once these begin, where nobody is called outside them', async () => {
    const midnight = new Date(new Date().setUTCHours(0, 0, 0, 0))
    const day = (offset: number) => minutesAfter(midnight, offset * 1_440)
    const date = (offset: number) => day(offset).toISOString().slice(0, 10)
    const { db, options, send } = await worldOn(await startedStore(kind), {
      config: {
        escalation: {
          policies: {
            own: {
              for: [{ priorities: ['CRITICAL'] }],
              tiers: [{ after: '5m', channels: ['devops'] }],
              calendar: 'closed_today',
              outside: 'quiet',
            },
            quiet: { tiers: [] },
          },
          calendars: {
            closed_today: {
              time_zone: 'UTC',
              days: ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'],
              hours: ['08:00-17:00'],
              holidays: [`${date(-1)}/${date(1)}`],
            },
          },
        },
      },
    })
    const id = await send({ eventType: 'celery.worker.offline', stakeholders: ['runtime_eng'] })
    const opens = minutesAfter(day(2), 8 * 60)
    expect(await escalationOf(db, id)).toMatchObject({ next_at: minutesAfter(opens, 5), held_by: 'closed_today' })
    expect(await tick(db, opens, options)).toMatchObject({ due: 0 })
    await tick(db, minutesAfter(opens, 5), options)
    expect(await cardsOf(db, id)).toEqual(['own runtime_eng pending', '2 devops pending'])
  })

  it('records a tier that reaches nobody, and calls the next one at once', async () => {
    const { db, options, pagerAlerts, send } = await worldOn(await startedStore(kind), {
      pagers: ['oncall'],
      noAddress: ['devops'],
      config: {
        channels: { pmo: { muted: true } },
        escalation: {
          policies: {
            own: {
              for: [{ priorities: ['CRITICAL'] }],
              tiers: [
                { after: '5m', channels: ['pmo', 'devops'] },
                { after: '5m', channels: ['devops'] },
                { after: '5m', pagers: [], channels: ['sre'] },
              ],
            },
          },
        },
      },
    })
    const id = await send({ eventType: 'celery.worker.offline', stakeholders: ['runtime_eng'] })
    const { since } = await escalationOf(db, id)
    const { called } = await tick(db, minutesAfter(since, 5), options)
    expect(called.map((one) => one.called.tier)).toEqual([4])
    expect(await cardsOf(db, id)).toEqual(['own runtime_eng pending', '4 sre pending'])
    expect(await entriesOf(db, id)).toEqual([
      'escalation.started',
      'escalation.reached_nobody',
      'escalation.reached_nobody',
      'escalation.called',
    ])
    expect(pagerAlerts).toEqual([])
  })

  it('ends when the event is resolved', async () => {
    const { db, options, send } = await worldOn(await startedStore(kind))
    const id = await send({ eventType: 'vault.seal.detected', correlationId: 'v-1' })
    const other = await send({ eventType: 'vault.seal.detected', correlationId: 'v-2' })
    await send({ eventType: 'vault.unseal.complete', correlationId: 'v-1' })
    const { since } = await escalationOf(db, id)
    // Of newer events only.
    expect(await endResolved(db, minutesAfter(since, 1), options, minutesAfter(since, 1))).toBe(0)
    expect(await endResolved(db, minutesAfter(since, 1), options, minutesAfter(since, -1))).toBe(1)
    expect(await escalationOf(db, id)).toMatchObject({ state: 'ended', reason: 'resolved', next_at: null })
    expect(await escalationOf(db, other)).toMatchObject({ state: 'climbing' })
    expect(await tick(db, minutesAfter(since, 6), options)).toMatchObject({ due: 1 })
    expect(await cardsOf(db, other)).toContain('2 nphies_integration pending')
  })

  it('stands still while acknowledged, reminds once, and climbs again where the acknowledgement expires', async () => {
    const { db, options, send } = await worldOn(await startedStore(kind))
    const id = await send({ eventType: 'celery.worker.offline', stakeholders: ['runtime_eng'] })
    const { since } = await escalationOf(db, id)
    await tick(db, minutesAfter(since, 5), options)
    const timers = createTimers({ ...options, now: () => minutesAfter(since, 6) })
    const next = await inTransaction(db, (transaction) => timers.acknowledged(transaction, [id]))
    expect(next).toEqual([{ eventId: id, at: minutesAfter(since, 66) }])
    expect(await tick(db, minutesAfter(since, 50), options)).toMatchObject({ due: 0 })
    expect(await tick(db, minutesAfter(since, 51), options)).toMatchObject({ due: 1, reminded: 1 })
    expect(await tick(db, minutesAfter(since, 65), options)).toMatchObject({ due: 0 })
    expect(await tick(db, minutesAfter(since, 66), options)).toMatchObject({ due: 1, expired: 1 })
    // The wait for tier 3 begins again.
    expect(await tick(db, minutesAfter(since, 70), options)).toMatchObject({ due: 0 })
    expect(await tick(db, minutesAfter(since, 71), options)).toMatchObject({ due: 1 })
    expect(await cardsOf(db, id)).toEqual([
      'own runtime_eng pending',
      '2 nphies_integration pending',
      'reminder runtime_eng pending',
      '3 devops pending',
    ])
    expect(await entriesOf(db, id)).toEqual([
      'escalation.started',
      'escalation.called',
      'escalation.acknowledged',
      'escalation.reminded',
      'escalation.expired',
      'escalation.called',
    ])
  })

  it('goes on after unacknowledge and restore, and not after a resolution', async () => {
    const { db, options, send } = await worldOn(await startedStore(kind))
    const id = await send({ eventType: 'vault.seal.detected', correlationId: 'v-1', stakeholders: ['sre'] })
    const { since } = await escalationOf(db, id)
    const at = (minutes: number) => createTimers({ ...options, now: () => minutesAfter(since, minutes) })
    await inTransaction(db, (transaction) => at(1).acknowledged(transaction, [id]))
    const resumed = await inTransaction(db, (transaction) => at(2).resumed(transaction, [id]))
    expect(resumed).toEqual([{ eventId: id, at: minutesAfter(since, 7) }])
    await inTransaction(db, (transaction) => at(3).ended(transaction, [id], 'discarded'))
    expect(await tick(db, minutesAfter(since, 30), options)).toMatchObject({ due: 0 })
    await inTransaction(db, (transaction) => at(31).resumed(transaction, [id]))
    expect(await escalationOf(db, id)).toMatchObject({ state: 'climbing', next_at: minutesAfter(since, 36) })
    await inTransaction(db, (transaction) => at(32).ended(transaction, [id], 'discarded'))
    await send({ eventType: 'vault.unseal.complete', correlationId: 'v-1' })
    expect(await inTransaction(db, (transaction) => at(33).resumed(transaction, [id]))).toEqual([])
    expect(await inTransaction(db, (transaction) => at(33).acknowledged(transaction, [id]))).toEqual([])
  })

  it('is called by hand: the next tier, one by its number, and none that the policy does not have', async () => {
    const { db, options, send } = await worldOn(await startedStore(kind))
    const id = await send({ eventType: 'vault.seal.detected', correlationId: 'v-1', stakeholders: ['sre'] })
    const info = await send({ eventType: 'vault.unseal.complete', correlationId: 'v-2' })
    const { since } = await escalationOf(db, id)
    const timers = createTimers({ ...options, now: () => minutesAfter(since, 1) })
    const climb = (eventId: string, tier?: number) =>
      inTransaction(db, (transaction) => timers.climb(transaction, eventId, tier))
    expect(await climb(id)).toEqual({ called: true, tier: 2, channels: ['nphies_integration'], pagers: [] })
    expect(await climb(id, 4)).toEqual({ called: true, tier: 4, channels: ['sre'], pagers: [] })
    expect(await climb(id)).toEqual({ called: false, why: 'no_such_tier' })
    expect(await climb(id, 5)).toEqual({ called: false, why: 'no_such_tier' })
    expect(await climb(info)).toEqual({ called: false, why: 'no_policy' })
    await inTransaction(db, (transaction) => timers.ended(transaction, [id], 'discarded'))
    expect(await climb(id, 2)).toEqual({ called: false, why: 'not_open' })
  })

  it('keeps the tiers of its start and reads the calendar of today', async () => {
    const store = await startedStore(kind)
    const policies = {
      held: {
        for: [{ priorities: ['CRITICAL'] as const }],
        tiers: [{ after: '2h', channels: ['sre'] }],
        calendar: 'always_closed',
        outside: 'hold',
      },
    }
    const closed = { time_zone: 'UTC', days: [dayFrom(3)] }
    const first = await worldOn(store, { config: { escalation: { policies, calendars: { always_closed: closed } } } })
    const id = await first.send({ eventType: 'celery.worker.offline', stakeholders: ['runtime_eng'] })
    const { since, next_at, held_by } = await escalationOf(first.db, id)
    expect(held_by).toBe('always_closed')
    expect(Number(next_at)).toBeGreaterThan(Number(minutesAfter(since, 24 * 60)))
    if (kind === 'embedded') await first.wired.stop()
    // Another gateway, in whose configuration the hours are all day and the policy is gone.
    const open = { time_zone: 'UTC', days: days, hours: ['00:00-24:00'] }
    const second = await worldOn(store, {
      config: { escalation: { policies: { held: { tiers: [] } }, calendars: { always_closed: open } } },
    })
    expect(await replan(second.db, second.options)).toBe(1)
    expect(await escalationOf(second.db, id)).toMatchObject({ next_at: minutesAfter(since, 120), held_by: null })
    await tick(second.db, minutesAfter(since, 120), second.options)
    expect(await cardsOf(second.db, id)).toEqual(['own runtime_eng pending', '2 sre pending'])
    expect(await entriesOf(second.db, id)).toEqual(['escalation.started', 'escalation.held', 'escalation.called'])
  })

  it('waits no longer than its policy says where the clock was set back while it waited', async () => {
    const { db, options, send } = await worldOn(await startedStore(kind))
    const id = await send({ eventType: 'celery.worker.offline', stakeholders: ['runtime_eng'] })
    const acknowledged = await send({ eventType: 'celery.worker.offline', stakeholders: ['sre'] })
    const { since } = await escalationOf(db, id)
    const timers = createTimers({ ...options, now: () => since })
    await inTransaction(db, (transaction) => timers.acknowledged(transaction, [acknowledged]))
    expect(await endImpossibleWaits(db, minutesAfter(since, -0.5), options)).toBe(0)
    const dayBefore = minutesAfter(since, -24 * 60)
    expect(await endImpossibleWaits(db, dayBefore, options)).toBe(2)
    expect(await escalationOf(db, id)).toMatchObject({ since: dayBefore, next_at: minutesAfter(dayBefore, 5), tier: 1 })
    expect(await escalationOf(db, acknowledged)).toMatchObject({ ack_expires_at: minutesAfter(dayBefore, 60) })
    await tick(db, minutesAfter(dayBefore, 5), options)
    await tick(db, minutesAfter(since, 5), options)
    expect(await cardsOf(db, id)).toContain('2 nphies_integration pending')
    expect((await cardsOf(db, id)).filter((card) => card.startsWith('2 '))).toHaveLength(1)
  })

  it('leaves with the record, also where every tier was called', async () => {
    const { db, options, send } = await worldOn(await startedStore(kind))
    const exhausted = await send({ eventType: 'celery.worker.offline', stakeholders: ['runtime_eng'] })
    const { since } = await escalationOf(db, exhausted)
    for (const minutes of [5, 10, 15]) await tick(db, minutesAfter(since, minutes), options)
    const climbing = await send({ eventType: 'celery.worker.offline', stakeholders: ['runtime_eng'] })
    await applyRetention(db, 1, 1)
    expect(await db.selectFrom('teams_escalations').select('event_id').execute()).toHaveLength(2)
    // As if both were two days old.
    await sql`UPDATE teams_escalations SET event_created_at = event_created_at - interval '2 days'`.execute(db)
    await applyRetention(db, 1, 1)
    expect(await db.selectFrom('teams_escalations').select('event_id').execute()).toEqual([{ event_id: climbing }])
    // Its event is gone by then, which is found when its next tier is due.
    await tick(db, minutesAfter(new Date(), 6), options)
    expect(await escalationOf(db, climbing)).toMatchObject({ state: 'ended', reason: 'removed' })
  })

  it('holds a tier for which a holiday was announced after its wait began', async () => {
    const store = await startedStore(kind)
    const policies = {
      held: {
        for: [{ priorities: ['CRITICAL'] as const }],
        tiers: [{ after: '2h', channels: ['sre'] }],
        calendar: 'hours',
      },
    }
    const hours = { time_zone: 'UTC', days, hours: ['00:00-24:00'] }
    const first = await worldOn(store, { config: { escalation: { policies, calendars: { hours } } } })
    const id = await first.send({ eventType: 'celery.worker.offline', stakeholders: ['runtime_eng'] })
    const { since } = await escalationOf(first.db, id)
    if (kind === 'embedded') await first.wired.stop()
    const today = since.toISOString().slice(0, 10)
    const tomorrow = minutesAfter(since, 24 * 60)
      .toISOString()
      .slice(0, 10)
    const second = await worldOn(store, {
      config: { escalation: { policies, calendars: { hours: { ...hours, holidays: [`${today}/${tomorrow}`] } } } },
    })
    expect(await tick(second.db, minutesAfter(since, 120), second.options)).toMatchObject({ due: 1, called: [] })
    const { next_at, held_by } = await escalationOf(second.db, id)
    expect(held_by).toBe('hours')
    expect(next_at?.toISOString()).toMatch(/T02:00:00/)
  })
})

const days = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const

/** The day of the week in so many days. */
function dayFrom(count: number): (typeof days)[number] {
  return days[(new Date().getUTCDay() + count) % 7] ?? 'sunday'
}
