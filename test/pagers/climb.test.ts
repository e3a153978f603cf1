import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ServedGateway, serveGateway } from '../../src/app/serve.ts'
import { checkPagers } from '../../src/gateway/doctor/pagers.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import { alertKey } from '../../src/pagers/alert-content.ts'
import { checkSecrets } from '../../src/secrets/check.ts'
import { type JsmStandIn, startJsm } from '../../src/stand-ins/pagers/jsm.ts'
import { type PagerDutyStandIn, startPagerDuty } from '../../src/stand-ins/pagers/pagerduty.ts'
import { QUICK } from '../acceptance/gateways.ts'
import { startedStore } from '../services/stores.ts'

const KEY = 'k'.repeat(32)
const WRONG_KEY = 'w'.repeat(32)
const SECRET = 'the-secret-of-the-subscription'
const env = {
  TEAMS_PAGER_KEY_ONCALL: KEY,
  TEAMS_PAGER_WEBHOOK_ONCALL: SECRET,
  TEAMS_PAGER_KEY_REFUSED: WRONG_KEY,
  TEAMS_PAGER_KEY_JIRA: KEY,
}
let pagerDuty: PagerDutyStandIn
let jsm: JsmStandIn
let gateway: ServedGateway

beforeAll(async () => {
  pagerDuty = await startPagerDuty({ routingKeys: [KEY] })
  jsm = await startJsm({ apiKeys: [KEY] })
  gateway = await serveGateway({
    env,
    settings: { ...QUICK, ...(await startedStore('postgres')), TEAMS_ESCALATION: 'on' },
    config: {
      pagers: {
        oncall: { kind: 'pagerduty', url: pagerDuty.url },
        refused: { kind: 'pagerduty', url: pagerDuty.url },
        jira: { kind: 'opsgenie', url: jsm.url },
        keyless: { kind: 'opsgenie', url: jsm.url },
      },
      escalation: {
        policies: {
          calling: {
            for: [{ event_type: 'vault.seal.detected' }],
            tiers: [
              { after: '1s', pagers: ['oncall', 'jira'] },
              { after: '1h', channels: ['devops'] },
            ],
          },
          failing: {
            for: [{ event_type: 'backup.failed' }],
            tiers: [
              { after: '1s', pagers: ['refused'] },
              { after: '1h', channels: ['devops'] },
            ],
          },
        },
      },
    },
  })
  pagerDuty.subscribe({ url: `${gateway.origin}/v1/inbound/pagerduty/oncall`, secrets: [SECRET] })
})
afterAll(async () => {
  await gateway.stop()
  await pagerDuty.close()
  await jsm.close()
})

async function send(eventType: 'vault.seal.detected' | 'backup.failed') {
  const data = eventType === 'backup.failed' ? { subject: 'claims-db', description: 'No backup' } : { node: 'v1' }
  const [acceptance] = await gateway.service.accept([{ eventType, data, stakeholders: ['sre'] }], 'http:test')
  return { eventId: acceptance?.eventId ?? '', notificationId: acceptance?.notifications[0]?.id ?? '' }
}
const until = (check: () => unknown) => expect.poll(check, { timeout: 30_000, interval: 50 })

describe('an escalation with pagers', () => {
  it('calls them at their tier; who acknowledges in PagerDuty stops the timers, and Jira is told', async () => {
    const { eventId, notificationId } = await send('vault.seal.detected')
    await until(() => pagerDuty.alert(alertKey(eventId))?.status).toBe('triggered')
    await until(() => jsm.alert(alertKey(eventId))?.status).toBe('open')
    await pagerDuty.press('acknowledge', alertKey(eventId), 'Sara')
    await until(() => jsm.alert(alertKey(eventId))?.acknowledged).toBe(true)
    const detail = await gateway.service.getNotification(notificationId, 'test')
    expect(detail).toMatchObject({ acknowledgedBy: 'Sara', actionTaken: 'acknowledge' })
    expect(detail.pagerAlerts.find(({ pager }) => pager === 'oncall')).toMatchObject({
      state: 'acknowledged',
      acknowledgedBy: 'Sara',
      tier: 2,
    })
    const escalation = await gateway.wired.database.kysely
      .selectFrom('teams_escalations')
      .select(['state', 'tier'])
      .where('event_id', '=', eventId)
      .executeTakeFirst()
    expect(escalation).toEqual({ state: 'acknowledged', tier: 2 })
  })

  it('calls the next tier at once where the service refuses the pager alert', async () => {
    const { eventId } = await send('backup.failed')
    const cards = async () =>
      (
        await gateway.wired.database.kysely
          .selectFrom('teams_notifications')
          .select('channel')
          .where('event_id', '=', eventId)
          .execute()
      ).map(({ channel }) => channel)
    await until(cards).toContain('devops')
    expect(pagerDuty.alert(alertKey(eventId))).toBeUndefined()
  })
})

describe('doctor', () => {
  it('checks keys and services of all pagers, and opens no alert', async () => {
    const { settings, catalogue } = gateway
    const before = [pagerDuty.alerts().length, jsm.alerts().length]
    const pagers = [...catalogue.pagers.values()]
    const report = await checkSecrets({ settings, env, channels: [], pagers, clock: systemClock })
    const findings = await checkPagers(settings, catalogue, report)
    expect(
      findings.map(({ check, status, detail }) => [check, status, detail.replace(/127.0.0.1:\d+/, '<host>')]),
    ).toEqual([
      ['pager oncall', 'ok', '<host> answers and takes the key of TEAMS_PAGER_KEY_ONCALL'],
      ['pager refused', 'wrong', expect.stringContaining('refuses the key')],
      ['pager refused', 'note', expect.stringContaining('no secret for its webhook')],
      ['pager jira', 'ok', '<host> answers and takes the key of TEAMS_PAGER_KEY_JIRA'],
      ['pager keyless', 'wrong', 'has no key: nobody is called'],
    ])
    expect([pagerDuty.alerts().length, jsm.alerts().length]).toEqual(before)
    await pagerDuty.close()
    const [away] = await checkPagers(settings, catalogue, report)
    expect(away).toMatchObject({ check: 'pager oncall', status: 'wrong', exit: 3 })
    expect(JSON.stringify(findings)).not.toContain(KEY)
  })
})
