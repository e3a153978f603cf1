import { describe, expect, it } from 'vitest'
import { createClient } from '../../src/client/client.ts'
import { createTimers } from '../../src/escalation/create-timers.ts'
import { explainEscalation } from '../../src/gateway/explain-escalation.ts'
import { loadSettings } from '../../src/settings/load.ts'
import { inTransaction } from '../../src/store/transactions.ts'
import { serveQuick } from '../acceptance/gateways.ts'
import { startedStore } from '../services/stores.ts'
import { escalationOf, minutesAfter, worldOn } from './setup.ts'

const at = (time: string) => new Date(time)

describe('the list of escalations', () => {
  it('says who is called next and when, the next one due first, page by page', async () => {
    const { wired, db, options, send } = await worldOn(await startedStore('postgres'))
    const high = await send({ eventType: 'celery.task.timeout', stakeholders: ['runtime_eng'], correlationId: 'h' })
    const critical = await send({ eventType: 'celery.worker.offline', stakeholders: ['sre'], correlationId: 'c' })
    const acknowledged = await send({ eventType: 'celery.worker.offline', stakeholders: ['sre'], correlationId: 'a' })
    const ended = await send({ eventType: 'celery.worker.offline', stakeholders: ['sre'], correlationId: 'e' })
    const { since } = await escalationOf(db, critical)
    const timers = createTimers({ ...options, now: () => minutesAfter(since, 1) })
    await inTransaction(db, (transaction) => timers.acknowledged(transaction, [acknowledged]))
    await inTransaction(db, (transaction) => timers.ended(transaction, [ended], 'discarded'))

    const { escalations, nextCursor } = await wired.service.listEscalations({ limit: 50 })
    expect(nextCursor).toBeNull()
    expect(escalations.map(({ eventId }) => eventId)).toEqual([critical, high, acknowledged])
    expect(escalations[0]).toEqual({
      eventId: critical,
      correlationId: 'c',
      eventType: 'celery.worker.offline',
      priority: 'CRITICAL',
      policy: 'critical',
      state: 'climbing',
      reason: null,
      tier: 1,
      tiers: 4,
      round: 0,
      since,
      nextAt: minutesAfter(since, 5),
      next: { what: 'tier', tier: 2, channels: ['nphies_integration'], pagers: [] },
      heldBy: null,
      ackExpiresAt: null,
      pagerAlerts: [],
    })
    expect(escalations[2]).toMatchObject({
      state: 'acknowledged',
      nextAt: minutesAfter(since, 46),
      next: { what: 'reminder', tier: null, channels: ['sre'], pagers: [] },
      ackExpiresAt: minutesAfter(since, 61),
    })

    const pages: string[] = []
    let cursor: string | undefined
    do {
      const page = await wired.service.listEscalations({ limit: 1, cursor })
      pages.push(...page.escalations.map(({ eventId }) => eventId))
      cursor = page.nextCursor ?? undefined
    } while (cursor !== undefined)
    expect(pages).toEqual([critical, high, acknowledged])

    const of = async (query: Parameters<typeof wired.service.listEscalations>[0]) =>
      (await wired.service.listEscalations(query)).escalations.map(({ eventId }) => eventId)
    expect(await of({ limit: 9, state: 'ended' })).toEqual([ended])
    expect(await of({ limit: 9, priority: 'HIGH' })).toEqual([high])
    expect(await of({ limit: 9, eventType: 'celery.task.timeout' })).toEqual([high])
    await expect(of({ limit: 9, cursor: 'x' })).rejects.toMatchObject({ code: 'invalid_request' })
  })

  it('is answered over HTTP, where an unknown filter is refused', async () => {
    const gateway = await serveQuick(await startedStore('postgres'), { TEAMS_ESCALATION: 'on' })
    const client = createClient({ url: gateway.origin })
    const { eventId } = await client.send({ eventType: 'vault.seal.detected', data: { node: 'v' } })
    const { escalations } = await client.escalations.list({ state: 'climbing' })
    expect(escalations).toMatchObject([{ eventId, policy: 'critical', next: { what: 'tier', tier: 2 } }])
    const refused = await fetch(`${gateway.origin}/v1/escalations?sate=climbing`)
    expect(refused.status).toBe(400)
  })
})

describe('an explained policy', () => {
  const explain = (event: Partial<Parameters<typeof explainEscalation>[1]>, settings: Record<string, string> = {}) =>
    explainEscalation(loadSettings(settings), {
      eventType: 'celery.worker.offline',
      at: at('2026-11-26T16:30:00+03:00'),
      ...event,
    })

  it('has a timetable over the weekend', () => {
    expect(explain({ priority: 'low', stakeholders: ['SRE'] })).toMatchObject({
      on: false,
      policy: 'low',
      priority: 'LOW',
      tiers: 2,
      steps: [
        { at: at('2026-11-26T16:30:00+03:00'), tier: 1, channels: ['sre'] },
        { at: at('2026-11-29T08:00:00+03:00'), tier: 2, channels: ['sre'], heldBy: 'working_week' },
      ],
    })
  })

  it('says where events do not climb', () => {
    expect(explain({}, { TEAMS_ESCALATION: 'on' })).toMatchObject({ on: true, tiers: 4 })
    expect(explain({}, { TEAMS_API_TOKENS: 'relay:act:0123456789abcdef' })).toMatchObject({ on: true })
    expect(explain({}, { TEAMS_API_TOKENS: 'monitor:send:0123456789abcdef' })).toMatchObject({ on: false })
    expect(explain({ eventType: 'vault.unseal.complete' })).toMatchObject({ policy: null, steps: [] })
    expect(explain({}, { TEAMS_WEBHOOK_ENABLED: 'false' })).toMatchObject({ policy: 'critical', steps: [] })
  })

  it('is refused for names that there are not, all at once', () => {
    expect(() => explain({ eventType: 'celery.worker.ofline', priority: 'urgent', stakeholders: ['SER'] })).toThrow(
      expect.objectContaining({
        code: 'invalid_request',
        problems: [
          expect.objectContaining({ at: 'event_type', expected: expect.stringContaining('celery.worker.offline') }),
          expect.objectContaining({ at: 'priority' }),
          expect.objectContaining({ at: 'stakeholders' }),
        ],
      }),
    )
  })
})
