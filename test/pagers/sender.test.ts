import { randomUUID } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { loadCatalogue } from '../../src/catalogue/load.ts'
import type { PagerDefinition } from '../../src/catalogue/pagers.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import { createLog } from '../../src/kernel/log.ts'
import { Secret } from '../../src/kernel/secret.ts'
import { createMetrics } from '../../src/metrics/metrics.ts'
import { alertKey } from '../../src/pagers/alert-content.ts'
import { createPagers } from '../../src/pagers/from-settings.ts'
import { startPagerSender } from '../../src/pagers/sender.ts'
import { loadSettings } from '../../src/settings/load.ts'
import { type JsmStandIn, startJsm } from '../../src/stand-ins/pagers/jsm.ts'
import { type PagerDutyStandIn, startPagerDuty } from '../../src/stand-ins/pagers/pagerduty.ts'
import type { Database } from '../../src/store/database.ts'
import { insertPagerAlerts, readPagerAlerts, updatePagerAlerts } from '../../src/store/pager-alerts.ts'
import type { Tables } from '../../src/store/tables.ts'
import { accept, firing } from '../audit/a-life.ts'
import { openMigrated } from '../conformance/databases.ts'
import { quickClock } from '../services/quick-clock.ts'

const KEY = 'a'.repeat(32)
let database: Database
let db: Kysely<Tables>
let pagerDuty: PagerDutyStandIn
let jsm: JsmStandIn
let lines: string[]
const stops: (() => Promise<void>)[] = []

beforeAll(async () => {
  database = await openMigrated('postgres')
  db = database.kysely
})
afterAll(() => database.close())
beforeEach(async () => {
  lines = []
  for (const table of ['teams_pager_alerts', 'teams_pagers', 'teams_notifications', 'teams_attempts', 'teams_events'])
    await sql`DELETE FROM ${sql.table(table)}`.execute(db)
  pagerDuty = await startPagerDuty({ routingKeys: [KEY] })
  jsm = await startJsm({ apiKeys: [KEY] })
})
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
  await pagerDuty.close()
  await jsm.close()
  for (const line of lines) expect(line).not.toContain(KEY)
})

/** Starts the loop of one replica. */
async function replica(pagers: object, key: () => Secret | undefined = () => new Secret(KEY)) {
  const settings = loadSettings({ TEAMS_CONNECTION_TIMEOUT: '1' })
  const catalogue = loadCatalogue({
    language: 'en',
    budget: { requests: 60, period: 60, burst: 10 },
    config: { pagers: pagers as Readonly<Record<string, { kind: PagerDefinition['kind'] }>> },
  })
  const ready = createPagers(settings, catalogue, { secrets: { pagerKey: key }, clock: systemClock })
  const failed: string[] = []
  const pagerAlerts = await startPagerSender({
    ...ready,
    kysely: db,
    onFailed: async ({ eventId }) => void failed.push(eventId),
    clock: quickClock,
    metrics: createMetrics(),
    log: createLog('debug', { write: (line) => void lines.push(line) }),
  })
  stops.push(async () => {
    await pagerAlerts.stop()
    await ready.close()
  })
  return { ...pagerAlerts, failed }
}
const oncall = (more: object = {}) => ({
  oncall: { kind: 'pagerduty', url: pagerDuty.url, fields: ['component'], ...more },
})
const jira = () => ({
  jira: { kind: 'opsgenie', url: jsm.url, tags: ['claimlinc'], responders: [{ type: 'team', name: 'SRE' }] },
})

/** Accepts events and asks for a pager alert of each at a pager. */
async function alerted(pager: string, count = 1, fingerprint: string | null = null): Promise<string[]> {
  await accept(
    db,
    Array.from({ length: count }, () => firing('sre', { correlationId: randomUUID() })),
  )
  const events = await db
    .selectFrom('teams_events')
    .select(['id', 'created_at'])
    .where(sql<boolean>`id NOT IN (SELECT event_id FROM teams_pager_alerts)`)
    .orderBy('id')
    .execute()
  await db.transaction().execute((tx) =>
    insertPagerAlerts(
      tx,
      events.map(({ id, created_at }) => ({ eventId: id, eventCreatedAt: created_at, pager, fingerprint, tier: 1 })),
    ),
  )
  return events.map(({ id }) => id)
}
const pagerAlert = async (eventId: string) => (await readPagerAlerts(db, [eventId]))[0]
const until = (check: () => Promise<unknown> | unknown) => expect.poll(check, { timeout: 15_000, interval: 20 })

describe('PagerDuty', () => {
  it('gets one alert for an event, with its severity and the named fields', async () => {
    const [eventId = ''] = await alerted('oncall')
    await replica(oncall())
    await until(async () => (await pagerAlert(eventId))?.state).toBe('accepted')
    expect(pagerDuty.alert(alertKey(eventId))).toMatchObject({
      status: 'triggered',
      severity: expect.stringMatching(/^(critical|error|warning|info)$/),
      source: 'claimlinc-teams',
      payload: { custom_details: { event_id: eventId, component: 'api' }, class: 'prometheus.alert.firing' },
    })
  })

  it('is told of the acknowledgement and of the end', async () => {
    const [eventId = ''] = await alerted('oncall')
    const loop = await replica(oncall())
    await until(async () => (await pagerAlert(eventId))?.told).toBe('trigger')
    for (const request of ['acknowledge', 'resolve'] as const) {
      await updatePagerAlerts(db, [eventId], request)
      loop.wake()
      await until(async () => (await pagerAlert(eventId))?.told).toBe(request)
    }
    expect(pagerDuty.alert(alertKey(eventId))?.changes.map(({ status }) => status)).toEqual([
      'triggered',
      'acknowledged',
      'resolved',
    ])
  })

  it('gets another alert for an event that climbs on, once somebody had acknowledged the first', async () => {
    const [eventId = ''] = await alerted('oncall')
    const loop = await replica(oncall())
    await until(async () => (await pagerAlert(eventId))?.told).toBe('trigger')
    await updatePagerAlerts(db, [eventId], 'acknowledge')
    loop.wake()
    await until(async () => (await pagerAlert(eventId))?.told).toBe('acknowledge')
    const { created_at: eventCreatedAt } = await db
      .selectFrom('teams_events')
      .select('created_at')
      .where('id', '=', eventId)
      .executeTakeFirstOrThrow()
    const again = { eventId, eventCreatedAt, pager: 'oncall', fingerprint: null, tier: 2 }
    await db.transaction().execute((tx) => insertPagerAlerts(tx, [again]))
    loop.wake()
    await until(async () => (await pagerAlert(eventId))?.told).toBe('trigger')
    expect(pagerDuty.alert(alertKey(eventId))?.status).toBe('resolved')
    expect(pagerDuty.alert(alertKey(eventId, 2))?.status).toBe('triggered')
    await updatePagerAlerts(db, [eventId], 'resolve')
    loop.wake()
    await until(() => pagerDuty.alert(alertKey(eventId, 2))?.status).toBe('resolved')
  })

  it('is told again after a cut, and joins the alert that it took before it', async () => {
    pagerDuty.failNext({ kind: 'cut', kept: true })
    const [eventId = ''] = await alerted('oncall')
    const loop = await replica(oncall())
    await until(async () => (await pagerAlert(eventId))?.code).toBe('no_answer')
    await sql`UPDATE teams_pager_alerts SET next_attempt_at = now()`.execute(db)
    loop.wake()
    await until(async () => (await pagerAlert(eventId))?.state).toBe('accepted')
    expect(pagerDuty.alerts()).toMatchObject([{ dedupKey: alertKey(eventId), triggers: 2 }])
  })

  it('is told again by another replica after a kill, and joins', async () => {
    const [eventId = ''] = await alerted('oncall')
    await replica(oncall())
    await until(async () => (await pagerAlert(eventId))?.state).toBe('accepted')
    // As after a kill between the answer and its record: the lease of a process that is gone.
    await sql`UPDATE teams_pager_alerts SET state = 'pending', told = NULL, lease_by = gen_random_uuid(), next_attempt_at = now()`.execute(
      db,
    )
    await replica(oncall())
    await until(async () => (await pagerAlert(eventId))?.state).toBe('accepted')
    expect(pagerDuty.alerts()).toMatchObject([{ triggers: 2 }])
  })

  it('is told once by two replicas', async () => {
    const [first, second] = [
      await replica(oncall({ burst: 20, per_minute: 100 })),
      await replica(oncall({ burst: 20, per_minute: 100 })),
    ]
    const events = await alerted('oncall', 15)
    first.wake()
    second.wake()
    await until(
      async () => (await readPagerAlerts(db, events)).filter(({ state }) => state === 'accepted').length,
    ).toBe(15)
    expect(pagerDuty.alerts().map(({ triggers }) => triggers)).toEqual(Array(15).fill(1))
    expect(pagerDuty.requests()).toBe(15)
  })

  it('is left alone for the time that its 429 names', async () => {
    pagerDuty.failNext({ kind: 'status', status: 429, retryAfter: 600 })
    const events = await alerted('oncall', 2)
    await replica(oncall({ burst: 1, per_minute: 1 }))
    await until(async () => (await readPagerAlerts(db, events)).map(({ code }) => code)).toContain('throttled')
    expect(pagerDuty.requests()).toBe(0)
    const paused = await db.selectFrom('teams_pagers').select('paused_until').executeTakeFirstOrThrow()
    expect((paused.paused_until?.getTime() ?? 0) - Date.now()).toBeGreaterThan(500_000)
  })

  it('never gets more than its limit: the budget waits, and pager alerts of one fingerprint are folded', async () => {
    const events = await alerted('oncall', 60, 'prometheus.alert.firing')
    await replica(oncall({ burst: 5, per_minute: 10 }))
    await until(
      async () => (await readPagerAlerts(db, events)).filter(({ state }) => state === 'accepted').length,
    ).toBe(1)
    const states = (await readPagerAlerts(db, events)).map(({ state }) => state)
    expect(states.filter((state) => state === 'folded')).toHaveLength(59)
    expect(pagerDuty.alerts()).toMatchObject([{ summary: expect.stringContaining('and 59 more like it') }])
  })

  it('that refuses the key ends the pager alert, and says so', async () => {
    const [eventId = ''] = await alerted('oncall')
    const loop = await replica(oncall(), () => new Secret('b'.repeat(32)))
    await until(async () => (await pagerAlert(eventId))?.state).toBe('failed')
    expect(await pagerAlert(eventId)).toMatchObject({ code: 'key_refused', statusCode: 400 })
    await until(() => loop.failed).toEqual([eventId])
    expect(lines.join()).toContain('pager_alert_failed')
  })

  it('is told once a key is there', async () => {
    let key: Secret | undefined
    const [eventId = ''] = await alerted('oncall')
    const loop = await replica(oncall(), () => key)
    await until(async () => (await pagerAlert(eventId))?.code).toBe('key_missing')
    key = new Secret(KEY)
    await sql`UPDATE teams_pager_alerts SET next_attempt_at = now()`.execute(db)
    loop.wake()
    await until(async () => (await pagerAlert(eventId))?.state).toBe('accepted')
  })

  it.each([
    ['503', { kind: 'status', status: 503 }, 'unavailable'],
    ['no answer in time', { kind: 'hang' }, 'no_answer'],
  ] as const)('is told again after %s', async (_, fault, code) => {
    pagerDuty.failNext(fault)
    const [eventId = ''] = await alerted('oncall')
    const loop = await replica(oncall())
    await until(async () => (await pagerAlert(eventId))?.code).toBe(code)
    await sql`UPDATE teams_pager_alerts SET next_attempt_at = now()`.execute(db)
    loop.wake()
    await until(async () => (await pagerAlert(eventId))?.state).toBe('accepted')
  })

  it('that can not be reached is told later', async () => {
    const [eventId = ''] = await alerted('oncall')
    await pagerDuty.close()
    await replica(oncall())
    await until(async () => (await pagerAlert(eventId))?.code).toMatch(/^(not_reached|no_answer)$/)
    expect((await pagerAlert(eventId))?.state).toBe('pending')
  })
})

describe('Jira Service Management', () => {
  it('is opened only once its request says isSuccess', async () => {
    await jsm.close()
    jsm = await startJsm({ apiKeys: [KEY], held: true })
    const [eventId = ''] = await alerted('jira')
    const loop = await replica(jira())
    await until(async () => (await pagerAlert(eventId))?.state).toBe('accepted')
    expect((await pagerAlert(eventId))?.told).toBeNull()
    jsm.process()
    loop.wake()
    await until(async () => (await pagerAlert(eventId))?.state).toBe('opened')
    expect(jsm.alert(alertKey(eventId))).toMatchObject({
      status: 'open',
      priority: expect.stringMatching(/^P[1-5]$/),
      body: { tags: ['claimlinc'], responders: [{ type: 'team', name: 'SRE' }], entity: 'prometheus.alert.firing' },
    })
  })

  it('is acknowledged and resolved once those requests say so', async () => {
    const [eventId = ''] = await alerted('jira')
    const loop = await replica(jira())
    await until(async () => (await pagerAlert(eventId))?.state).toBe('opened')
    for (const [request, state] of [
      ['acknowledge', 'acknowledged'],
      ['resolve', 'resolved'],
    ] as const) {
      await updatePagerAlerts(db, [eventId], request)
      loop.wake()
      await until(async () => (await pagerAlert(eventId))?.state).toBe(state)
    }
    expect(jsm.alert(alertKey(eventId))?.changes.map(({ action }) => action)).toEqual([
      'create',
      'acknowledge',
      'close',
    ])
  })

  it('that says isSuccess: false to a resolve leaves the pager alert as it was, with the code', async () => {
    const [eventId = ''] = await alerted('jira')
    const loop = await replica(jira())
    await until(async () => (await pagerAlert(eventId))?.state).toBe('opened')
    jsm.press('close', alertKey(eventId))
    await updatePagerAlerts(db, [eventId], 'resolve')
    loop.wake()
    await until(async () => (await pagerAlert(eventId))?.code).toBe('not_done')
    expect(await pagerAlert(eventId)).toMatchObject({ state: 'opened', told: 'resolve' })
  })

  it('joins by the alias after a cut', async () => {
    jsm.failNext({ kind: 'cut', kept: true })
    const [eventId = ''] = await alerted('jira')
    const loop = await replica(jira())
    await until(async () => (await pagerAlert(eventId))?.code).toBe('no_answer')
    await sql`UPDATE teams_pager_alerts SET next_attempt_at = now()`.execute(db)
    loop.wake()
    await until(async () => (await pagerAlert(eventId))?.state).toBe('opened')
    expect(jsm.alerts()).toMatchObject([{ count: 2 }])
  })
})
