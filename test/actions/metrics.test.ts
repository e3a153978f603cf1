import { sql } from 'kysely'
import { describe, expect, it, onTestFinished } from 'vitest'
import { wire } from '../../src/app/wiring.ts'
import { KINDS, startedStore } from '../services/stores.ts'
import { OMAR, SARA } from './acting.ts'

describe.each(KINDS)('the metrics of acknowledgements, on the %s database', (kind) => {
  it('have the first one of each event, once, by priority and by group', async () => {
    const wired = await wire({
      env: {},
      settings: { ...(await startedStore(kind)), TEAMS_LOG_LEVEL: 'silent' },
      deliver: false,
    })
    onTestFinished(() => wired.stop())
    const { service, database, metrics } = wired
    const send = async (correlationId: string, stakeholders: readonly string[]) => {
      const event = { eventType: 'vault.seal.detected', correlationId, stakeholders, data: { node: 'v' } }
      const [acceptance] = await service.accept([event], 'library')
      return acceptance?.eventId ?? ''
    }
    const first = await send('c-1', ['sre', 'devops'])
    // A repeat, whose card is suppressed.
    await send('c-1', ['sre'])
    await send('c-2', ['sre'])
    await sql`UPDATE teams_notifications SET state = 'accepted', sent_at = now() - interval '90 seconds'
               WHERE event_id = ${first}`.execute(database.kysely)
    const acknowledge = { action: 'acknowledge', eventId: first, idempotencyKey: 'k-1' }
    for (let times = 0; times < 2; times++) await service.act(acknowledge, SARA)
    await service.act({ action: 'unacknowledge', eventId: first }, SARA)
    await service.act({ action: 'acknowledge', correlationId: 'c-1' }, OMAR)
    const { body } = await metrics.expose()
    const lines = body.split('\n').filter((line) => /^teams_(acknowledgement|events_(to_)?acknowledge)/.test(line))
    for (const line of [
      'teams_acknowledgement_seconds_bucket{le="60",priority="CRITICAL"} 0',
      'teams_acknowledgement_seconds_bucket{le="120",priority="CRITICAL"} 1',
      'teams_acknowledgement_seconds_count{priority="CRITICAL"} 1',
      'teams_events_to_acknowledge_total{stakeholder="sre",priority="CRITICAL"} 2',
      'teams_events_to_acknowledge_total{stakeholder="devops",priority="CRITICAL"} 1',
      'teams_events_acknowledged_total{stakeholder="sre",priority="CRITICAL"} 1',
      'teams_events_acknowledged_total{stakeholder="devops",priority="CRITICAL"} 1',
    ])
      expect(lines).toContain(line)
  })
})
