import { sql } from 'kysely'
import { expect, it, onTestFinished, vi } from 'vitest'
import { serveGateway } from '../../src/app/serve.ts'
import { startEscalation } from '../../src/escalation/loop.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import { QUICK } from '../acceptance/gateways.ts'
import { rowsOf, SARA } from '../actions/acting.ts'
import { KINDS, startedStore } from '../services/stores.ts'
import { cardsOf, worldOn } from './setup.ts'

const OFFLINE = { eventType: 'celery.worker.offline', stakeholders: ['runtime_eng'] } as const

it('a gateway whose own events do not climb calls the tiers of those that another process accepted', async () => {
  const store = await startedStore('postgres')
  const gateway = await serveGateway({ env: {}, settings: { ...QUICK, ...store, TEAMS_ESCALATION: 'auto' } })
  onTestFinished(() => gateway.stop())
  const config = {
    escalation: {
      policies: { quick: { for: [{ priorities: ['CRITICAL'] }], tiers: [{ after: '0s', channels: ['devops'] }] } },
    },
  } as const
  const sender = await worldOn(store, { config })
  const climbing = await sender.send(OFFLINE)
  const response = await fetch(`${gateway.origin}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ event_type: OFFLINE.eventType, data: { component: 'queue', summary: 'full' } }),
  })
  expect(response.status).toBe(202)
  const { db } = sender
  await expect
    .poll(() => cardsOf(db, climbing), { timeout: 30_000 })
    .toContainEqual(expect.stringMatching(/^2 devops /))
  const rows = await db.selectFrom('teams_escalations').select('event_id').execute()
  expect(rows).toEqual([{ event_id: climbing }])
})

it.each(KINDS)(
  'a process with TEAMS_ESCALATION=off calls no tier, and lets acknowledgements expire, on %s',
  async (kind) => {
    const { db, options, wired, send } = await worldOn(await startedStore(kind))
    const due = await send(OFFLINE)
    const acknowledged = await send({ ...OFFLINE, correlationId: 'c-2' })
    await wired.service.act({ action: 'acknowledge', eventId: acknowledged }, SARA)
    await sql`UPDATE teams_escalations SET next_at = now() - interval '1 minute',
                   ack_expires_at = ack_expires_at - interval '61 minutes'`.execute(db)
    const stop = startEscalation({ ...options, kysely: db, clock: systemClock, callsTiers: false })
    onTestFinished(stop)
    const holder = async () => (await rowsOf(db, [acknowledged]))[0]?.acknowledged_by
    await vi.waitFor(async () => expect(await holder()).toBeNull(), { timeout: 20_000 })
    expect(await cardsOf(db, due)).toEqual(['own runtime_eng pending'])
  },
)
