import { createHmac } from 'node:crypto'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ServedGateway, serveGateway } from '../../src/app/serve.ts'
import { newId } from '../../src/kernel/ids.ts'
import { createLog } from '../../src/kernel/log.ts'
import { alertKey } from '../../src/pagers/alert-content.ts'
import { type PagerDutyStandIn, startPagerDuty } from '../../src/stand-ins/pagers/pagerduty.ts'
import { pagerDutySignature } from '../../src/stand-ins/pagers/webhooks.ts'
import { insertPagerAlerts, readPagerAlerts } from '../../src/store/pager-alerts.ts'
import { QUICK } from '../acceptance/gateways.ts'
import { startedStore } from '../services/stores.ts'

const KEY = 'k'.repeat(32)
const SECRET = 'the-secret-of-the-subscription'
const OLD_SECRET = 'the-secret-before-the-rotation'

let pagerDuty: PagerDutyStandIn
let gateway: ServedGateway
let url: string

beforeAll(async () => {
  pagerDuty = await startPagerDuty({ routingKeys: [KEY] })
  gateway = await serveGateway({
    env: { TEAMS_PAGER_KEY_ONCALL: KEY, TEAMS_PAGER_WEBHOOK_ONCALL: `${SECRET} ${OLD_SECRET}` },
    settings: { ...QUICK, ...(await startedStore('embedded')) },
    config: {
      pagers: {
        oncall: { kind: 'pagerduty', url: pagerDuty.url },
        silent: { kind: 'pagerduty' },
        jsm: { kind: 'opsgenie' },
      },
    },
  })
  url = `${gateway.origin}/v1/inbound/pagerduty/oncall`
  pagerDuty.subscribe({ url, secrets: [SECRET] })
})
afterAll(async () => {
  await gateway.stop()
  await pagerDuty.close()
})

const db = () => gateway.wired.database.kysely

/** Accepts an event and pager alerts it; gives its id and that of a notification, once PagerDuty has its alert. */
async function alerted(fingerprint: string | null = null) {
  const [acceptance] = await gateway.service.accept(
    [{ eventType: 'vault.seal.detected', data: { node: newId() }, stakeholders: ['sre'] }],
    'http:test',
  )
  const { eventId = '', notifications } = acceptance ?? {}
  const { created_at } = await db()
    .selectFrom('teams_events')
    .select('created_at')
    .where('id', '=', eventId)
    .executeTakeFirstOrThrow()
  await db()
    .transaction()
    .execute((tx) =>
      insertPagerAlerts(tx, [{ eventId, eventCreatedAt: created_at, pager: 'oncall', fingerprint, tier: 2 }]),
    )
  await expect.poll(() => pagerDuty.alert(alertKey(eventId))?.status, { timeout: 15_000 }).toBe('triggered')
  await pagerDuty.settled()
  return { eventId, notificationId: notifications?.[0]?.id ?? '' }
}
const pageOf = async (eventId: string) => (await readPagerAlerts(db(), [eventId]))[0]
const notificationOf = async (id: string) => (await gateway.service.getNotificationViews([id]))[0]

function webhook(change: object = {}, eventId = newId()) {
  return JSON.stringify({
    event: {
      id: '01TEST',
      event_type: 'incident.acknowledged',
      occurred_at: new Date().toISOString(),
      agent: { id: 'PSARA', type: 'user_reference', summary: 'Sara' },
      data: { incident_key: alertKey(eventId) },
      ...change,
    },
  })
}
async function post(body: string, signature: string | undefined, to = url) {
  const response = await fetch(to, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(signature === undefined ? {} : { 'x-pagerduty-signature': signature }),
    },
    body,
  })
  return { status: response.status, body: (await response.json()) as { result?: string; code?: string } }
}
const signed = (body: string, secrets: readonly string[] = [SECRET]) => pagerDutySignature(body, secrets)
const refusals = async () =>
  (
    await sql<{ refusal: string }>`
      SELECT convert_from(body, 'UTF8')::jsonb->>'refusal' AS refusal FROM teams_audit_entries
       WHERE position('"kind":"webhook.refused"'::bytea IN body) > 0 ORDER BY id`.execute(db())
  ).rows.map(({ refusal }) => refusal)

describe('a webhook of PagerDuty', () => {
  it('says that the alert is opened, and that a person acknowledged it, which acknowledges the event here', async () => {
    const { eventId, notificationId } = await alerted()
    await expect.poll(async () => (await pageOf(eventId))?.state).toBe('opened')
    await pagerDuty.press('acknowledge', alertKey(eventId), 'Sara')
    expect(await pageOf(eventId)).toMatchObject({ state: 'acknowledged', acknowledgedBy: 'Sara' })
    expect(await notificationOf(notificationId)).toMatchObject({ acknowledgedBy: 'Sara', actionTaken: 'acknowledge' })
    const { actions } = await gateway.service.listActions({ eventId, limit: 10 })
    expect(actions).toMatchObject([{ action: 'acknowledge', via: 'pagerduty', verified: true, by: 'Sara' }])
    expect(pagerDuty.deliveries().map(({ status }) => status)).not.toContain(401)
  })

  it('about a pager alert that others are folded into acknowledges their events too', async () => {
    const { eventId } = await alerted('vault.seal.detected')
    const [folded] = await gateway.service.accept(
      [{ eventType: 'vault.seal.detected', data: { node: newId() }, stakeholders: ['sre'] }],
      'http:test',
    )
    const lead = await pageOf(eventId)
    await sql`
      INSERT INTO teams_pager_alerts (id, event_id, event_created_at, pager, priority, tier, state, folded_into, next_attempt_at, salt)
      SELECT gen_random_uuid(), id, created_at, 'oncall', priority, 2, 'folded', ${lead?.id}::uuid, NULL, gen_random_uuid()
        FROM teams_events WHERE id = ${folded?.eventId}::uuid`.execute(db())
    await pagerDuty.press('acknowledge', alertKey(eventId), 'Sara')
    expect((await notificationOf(folded?.notifications[0]?.id ?? ''))?.acknowledgedBy).toBe('Sara')
  })

  it('that comes twice does nothing twice, also after somebody took the acknowledgement back', async () => {
    const { eventId, notificationId } = await alerted()
    await pagerDuty.press('acknowledge', alertKey(eventId), 'Sara')
    const actor = { via: 'library', id: null, name: 'Omar', verified: false, roles: [], relayedBy: null } as const
    await gateway.service.act({ action: 'unacknowledge', eventId }, actor)
    const delivery = pagerDuty.deliveries().findLast(({ eventType }) => eventType === 'incident.acknowledged')
    expect(delivery && (await pagerDuty.redeliver(delivery)).status).toBe(200)
    expect((await notificationOf(notificationId))?.acknowledgedAt).toBeNull()
    expect((await gateway.service.listActions({ eventId, limit: 10 })).actions).toHaveLength(2)
  })

  it('of a resolve by a person acknowledges the event, and does not resolve it', async () => {
    const { eventId, notificationId } = await alerted()
    await pagerDuty.press('resolve', alertKey(eventId), 'Omar')
    expect((await pageOf(eventId))?.state).toBe('resolved')
    expect((await notificationOf(notificationId))?.acknowledgedBy).toBe('Omar')
  })

  it('of what the gateway itself sent acknowledges nothing', async () => {
    const { eventId, notificationId } = await alerted()
    const body = webhook(
      { id: 'OWN', agent: { id: 'PSERVICE', type: 'service_reference', summary: 'Events API' } },
      eventId,
    )
    expect(await post(body, signed(body))).toMatchObject({ status: 200, body: { result: 'recorded' } })
    expect(await pageOf(eventId)).toMatchObject({ state: 'acknowledged', acknowledgedBy: null })
    expect((await notificationOf(notificationId))?.acknowledgedAt).toBeNull()
  })

  it.each([
    ['the secret before the rotation', [OLD_SECRET]],
    ['both secrets', [OLD_SECRET, SECRET]],
    ['a secret that is not known yet, and the current one', ['next', SECRET]],
  ])('is taken with the signature of %s', async (_, secrets) => {
    const body = webhook()
    expect(await post(body, signed(body, secrets))).toMatchObject({ status: 200, body: { result: 'ignored' } })
  })

  it.each([
    ['a test of the subscription', { event_type: 'pagey.ping', data: { message: 'Hello' } }],
    ['an incident of another program', { data: { incident_key: 'someone-elses' } }],
    ['a note', { event_type: 'incident.annotated' }],
    ['a webhook from before a long absence', { occurred_at: new Date(Date.now() - 47 * 3_600_000).toISOString() }],
  ])('that is %s is taken and does nothing', async (_, change) => {
    const body = webhook(change)
    expect(await post(body, signed(body))).toEqual({ status: 200, body: { result: 'ignored' } })
  })

  it('is refused, with its code in the audit trail, where anything about it is wrong', async () => {
    const { eventId, notificationId } = await alerted()
    const before = (await refusals()).length
    const body = webhook({}, eventId)
    const late = webhook({ occurred_at: new Date(Date.now() - 49 * 3_600_000).toISOString() }, eventId)
    const early = webhook({ occurred_at: new Date(Date.now() + 6 * 60_000).toISOString() }, eventId)
    const attacks: readonly (readonly [string, string | undefined, number, string, string?])[] = [
      [body, undefined, 401, 'signature_missing'],
      [body, '', 401, 'signature_wrong'],
      [body, signed(body, ['another-secret-of-somebody']), 401, 'signature_wrong'],
      [body.replace('Sara', 'Omar'), signed(body), 401, 'signature_wrong'],
      [`${body} `, signed(body), 401, 'signature_wrong'],
      [
        webhook({ occurred_at: new Date(Date.now() - 1_000).toISOString() }, eventId),
        signed(body),
        401,
        'signature_wrong',
      ],
      [body, signed(body).toUpperCase(), 401, 'signature_wrong'],
      [body, signed(body).replace('v1=', 'v0='), 401, 'signature_wrong'],
      [body, createHmac('sha256', SECRET).update(body).digest('hex'), 401, 'signature_wrong'],
      [body, signed(body).slice(0, -1), 401, 'signature_wrong'],
      [late, signed(late), 401, 'time_wrong'],
      [early, signed(early), 401, 'time_wrong'],
      ['{}', signed('{}'), 400, 'unreadable'],
      ['[', signed('['), 400, 'unreadable'],
      [body, signed(body), 404, 'unknown_pager', url.replace('oncall', 'silent')],
      [body, signed(body), 404, 'unknown_pager', url.replace('oncall', 'jsm')],
      [body, signed(body), 404, 'unknown_pager', url.replace('oncall', '__proto__')],
    ]
    for (const [text, signature, status, , to] of attacks)
      expect((await post(text, signature, to)).status, `${signature} ${to}`).toBe(status)
    expect((await refusals()).slice(before)).toEqual(attacks.map(([, , , refusal]) => refusal))
    expect((await notificationOf(notificationId))?.acknowledgedAt).toBeNull()
    expect(await post('x'.repeat(300_000), 'v1=')).toMatchObject({ status: 413 })
  })

  it('adds at most 30 entries in a minute to the audit trail, whatever comes', async () => {
    const body = webhook()
    for (let nth = 0; nth < 40; nth += 1) await post(body, signed(body, ['another-secret-of-somebody']))
    expect((await refusals()).length).toBeLessThanOrEqual(30)
    const { body: text } = await gateway.service.metrics()
    expect(text).toMatch(/teams_pager_webhooks_total\{pager="oncall",outcome="signature_wrong"\} \d\d/)
  })
})

it('is taken on the public listener, where nothing else of /v1 is', async () => {
  const lines: string[] = []
  const served = await serveGateway({
    env: { TEAMS_PAGER_WEBHOOK_ONCALL: SECRET },
    settings: { ...QUICK, ...(await startedStore('embedded')), TEAMS_PUBLIC_PORT: 0 },
    config: { pagers: { oncall: { kind: 'pagerduty', url: pagerDuty.url } } },
    log: createLog('info', { write: (line) => void lines.push(line) }),
  })
  try {
    const origin = JSON.parse(lines.find((line) => line.includes('"pages_served"')) ?? '{}').origin
    const body = webhook()
    const to = `${origin}/v1/inbound/pagerduty/oncall`
    expect(await post(body, signed(body), to)).toEqual({ status: 200, body: { result: 'ignored' } })
    expect(await post(body, signed(`${body} `), to)).toEqual({ status: 401, body: { code: 'unauthenticated' } })
    for (const path of ['/v1/events', '/v1/notifications', '/v1/stats', '/metrics'])
      expect((await fetch(origin + path)).status, path).toBe(404)
  } finally {
    await served.stop()
  }
})
