import { describe, expect, it } from 'vitest'
import { verifyRows } from '../../src/audit/verify/rows.ts'
import { replan, tick } from '../../src/escalation/tick.ts'
import { inReadSnapshot } from '../../src/store/read-snapshot.ts'
import { KINDS, startedStore } from '../services/stores.ts'
import { cardsOf, entriesOf, escalationOf, minutesAfter, worldOn } from './setup.ts'

const config = {
  pagers: { oncall: { kind: 'pagerduty' } },
  escalation: {
    policies: {
      own: {
        for: [{ priorities: ['CRITICAL'] }],
        tiers: [
          { after: '5m', channels: ['devops'], pagers: ['oncall'] },
          { after: '5m', channels: ['sre'] },
        ],
      },
    },
  },
} as const

describe.each(KINDS)('a tier, on the %s database', (kind) => {
  it('is held, with its pagers, while a silence matches, and called when that has ended', async () => {
    const { wired, db, options, pagerAlerts, send } = await worldOn(await startedStore(kind), {
      config,
      pagers: ['oncall'],
    })
    const { service } = wired
    const id = await send({ eventType: 'celery.worker.offline', stakeholders: ['runtime_eng'] })
    const silence = await service.createSilence(
      {
        matchers: [{ field: 'event_type', operator: '=', value: 'celery.worker.offline' }],
        endsAt: minutesAfter(new Date(), 60).toISOString(),
        reason: 'moving',
      },
      'library',
    )
    const { since } = await escalationOf(db, id)
    expect(await tick(db, minutesAfter(since, 5), options)).toMatchObject({ due: 1, called: [] })
    expect(await escalationOf(db, id)).toMatchObject({
      state: 'climbing',
      tier: 1,
      next_at: minutesAfter(since, 10),
      held_by: 'silence',
    })
    expect(pagerAlerts).toEqual([])
    // Looked at again every five minutes, and by a gateway that was started: only the first time is recorded.
    expect(await replan(db, options)).toBe(0)
    expect(await tick(db, minutesAfter(since, 10), options)).toMatchObject({ due: 1, called: [] })
    expect(await escalationOf(db, id)).toMatchObject({ next_at: minutesAfter(since, 15), held_by: 'silence' })
    expect(await entriesOf(db, id)).toEqual(['escalation.started', 'escalation.held'])
    expect(await inReadSnapshot(db, (snapshot) => Array.fromAsync(verifyRows(snapshot)))).toEqual([])
    await service.endSilence(silence.id, 'library')
    await tick(db, minutesAfter(since, 15), options)
    expect(await cardsOf(db, id)).toEqual(['own runtime_eng suppressed', '2 devops pending'])
    expect(pagerAlerts).toMatchObject([{ eventId: id, pagers: ['oncall'] }])
    expect(await entriesOf(db, id)).toEqual(['escalation.started', 'escalation.held', 'escalation.called'])
  })

  it('calls whom a silence of one channel leaves', async () => {
    const { wired, db, options, pagerAlerts, send } = await worldOn(await startedStore(kind), {
      config,
      pagers: ['oncall'],
    })
    const id = await send({ eventType: 'celery.worker.offline', stakeholders: ['runtime_eng'] })
    await wired.service.createSilence(
      {
        matchers: [{ field: 'channel', operator: '=', value: 'devops' }],
        endsAt: minutesAfter(new Date(), 60).toISOString(),
        reason: 'moving',
      },
      'library',
    )
    const { since } = await escalationOf(db, id)
    await tick(db, minutesAfter(since, 5), options)
    expect(await cardsOf(db, id)).toEqual(['own runtime_eng pending'])
    expect(pagerAlerts).toMatchObject([{ eventId: id, pagers: ['oncall'] }])
  })

  it('whose only pager has no key reaches nobody, and the next one is called', async () => {
    const { db, options, pagerAlerts, send } = await worldOn(await startedStore(kind), {
      config,
      pagers: ['oncall'],
      noAddress: ['devops', 'oncall'],
    })
    const id = await send({ eventType: 'celery.worker.offline', stakeholders: ['runtime_eng'] })
    const { since } = await escalationOf(db, id)
    await tick(db, minutesAfter(since, 5), options)
    expect(await cardsOf(db, id)).toEqual(['own runtime_eng pending', '3 sre pending'])
    expect(pagerAlerts).toEqual([])
  })
})
