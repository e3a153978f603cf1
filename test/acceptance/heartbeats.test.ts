import { readFileSync } from 'node:fs'
import { sql } from 'kysely'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Wired, wire } from '../../src/app/wiring.ts'
import type { ConfigInput } from '../../src/catalogue/config-input.ts'
import type { Ping } from '../../src/contract/heartbeats.ts'
import { startHeartbeats } from '../../src/sources/heartbeats/loop.ts'
import { KINDS, startedStore } from '../services/stores.ts'
import { createTestClock } from '../sources/world.ts'

/** Twelve hours from now in Riyadh, so that no test comes near it, whatever the time of day. */
const IN_TWELVE_HOURS = `30 ${(new Date().getUTCHours() + 15) % 24} * * *`

const CONFIG: ConfigInput = {
  stakeholder_groups: { sre: { channels: ['sre'] } },
  heartbeats: {
    import: { every: '1h', longest: '20m', stakeholders: ['sre'] },
    backup: { cron: IN_TWELVE_HOURS, event_type: 'backup.failed', stakeholders: ['sre'] },
  },
}

/** A gateway that only accepts, and loops that the test starts over its database. */
async function heartbeatsOn(kind: (typeof KINDS)[number], config = CONFIG) {
  const store = await startedStore(kind)
  const wired: Wired = await wire({
    env: {},
    settings: { ...store, TEAMS_LOG_LEVEL: 'silent' },
    config,
    deliver: false,
  })
  onTestFinished(() => wired.stop())
  const { kysely } = wired.database
  const { service, catalogue, log } = wired
  return {
    wired,
    kysely,
    ping: (name: string, ping: Ping) => service.reportHeartbeat(name, ping),
    /** Starts replicas; returns a function that has each of them look once more, and waits until `left` of them are going to look again. */
    async replicas(count: number, of = catalogue) {
      const { clock, waiting, pass } = createTestClock()
      for (let replica = 0; replica < count; replica++)
        onTestFinished(startHeartbeats({ catalogue: of, kysely, accept: service.acceptFromSource, clock, log }))
      await waiting(count)
      return async (left = count) => {
        pass(5)
        await waiting(left)
      }
    },
    /** Lets time pass for the heartbeats, during which replicas looked, or none did. */
    async wait(minutes: number, { watched }: { readonly watched: boolean } = { watched: true }) {
      const ago = sql`make_interval(mins => ${minutes}::int)`
      await sql`UPDATE teams_heartbeats
                   SET waiting_since = waiting_since - ${ago}, started_at = started_at - ${ago},
                       unfinished_since = unfinished_since - ${ago}, resumed_at = resumed_at - ${ago},
                       watched_at = ${watched ? sql`now()` : sql`watched_at - ${ago}`}`.execute(kysely)
    },
    async events() {
      const rows = await kysely
        .selectFrom('teams_events')
        .select(['event_type', 'correlation_id', 'data', 'origin'])
        .orderBy('id')
        .execute()
      return rows
    },
    async types(): Promise<readonly string[]> {
      const rows = await kysely.selectFrom('teams_events').select('event_type').orderBy('id').execute()
      return rows.map(({ event_type }) => event_type)
    },
    /** Types whose events are not resolved. */
    async open(): Promise<readonly string[]> {
      const { rows } = await sql<{ event_type: string }>`
        SELECT DISTINCT n.event_type FROM teams_notifications n
         WHERE n.event_type NOT LIKE '%.recovered' AND NOT EXISTS (
           SELECT 1 FROM teams_resolutions r WHERE r.dedup_key = n.dedup_key AND r.event_type = n.event_type
              AND (r.created_at, r.event_id) > (n.received_at, n.event_id))
         ORDER BY 1`.execute(kysely)
      return rows.map(({ event_type }) => event_type)
    },
  }
}

const SUCCESS = { signal: 'success' } as const
const failure = (output: string) => ({ signal: 'failure', exitCode: 3, output: Buffer.from(output) }) as const

describe.each(KINDS)('heartbeats on %s', (kind) => {
  it('that are missed make one event, whatever the number of replicas, and a success resolves it', async () => {
    const { replicas, wait, ping, types, open, wired } = await heartbeatsOn(kind)
    const look = await replicas(3)
    await look()
    expect(await types()).toEqual([])
    await wait(66)
    await look()
    await look()
    expect(await types()).toEqual(['heartbeat.missed'])
    expect(await wired.service.listHeartbeats()).toMatchObject([
      { name: 'import', status: 'missed', open: ['missed'] },
      { status: 'new' },
    ])
    expect((await wired.service.metrics()).body).toContain('teams_heartbeat_open{heartbeat="import"} 1')

    expect(await ping('import', SUCCESS)).toMatchObject({ status: 'ok', open: [] })
    expect(await types()).toEqual(['heartbeat.missed', 'heartbeat.recovered'])
    expect(await open()).toEqual([])
    await look()
    expect(await types()).toHaveLength(2)
  })

  it('take reports that come at the same time, and count none of them twice', async () => {
    const { ping, types, kysely } = await heartbeatsOn(kind)
    await Promise.all(['a', 'b', 'c', 'a', 'b', 'c'].map((runId) => ping('import', { ...failure(''), runId })))
    const row = await kysely.selectFrom('teams_heartbeats').select(['version', 'open']).executeTakeFirst()
    expect(row?.open).toEqual(['failed'])
    expect((await types()).every((type) => type === 'heartbeat.failed')).toBe(true)
    expect((await types()).length).toBeGreaterThanOrEqual(3)
    await Promise.all([1, 2, 3].map(() => ping('import', { ...SUCCESS, runId: 'd' })))
    expect((await types()).filter((type) => type === 'heartbeat.recovered')).toHaveLength(1)
  })
})

describe('heartbeats', () => {
  it('that replicas missed because none ran get their time once more', async () => {
    const { replicas, wait, types } = await heartbeatsOn('postgres')
    const look = await replicas(1)
    await wait(500, { watched: false })
    await look()
    await look()
    expect(await types()).toEqual([])
    await wait(66)
    await look()
    expect(await types()).toEqual(['heartbeat.missed'])
  })

  it('that fail are an event at once, with the end of the output and without patient data', async () => {
    const { ping, events, open, wired } = await heartbeatsOn('postgres')
    const output = `${'noise\n'.repeat(5_000)}patient_id: 1087654321 not found\nerror: disk full`
    expect(await ping('backup', failure(output))).toMatchObject({ status: 'failed', exitCode: 3 })
    const [event] = await events()
    expect(event).toMatchObject({
      event_type: 'backup.failed',
      correlation_id: 'heartbeat.backup',
      origin: 'source:heartbeat.backup',
    })
    expect(event?.data).toMatchObject({
      subject: 'backup',
      description: expect.stringMatching(
        /^Failed with exit code 3\. No success is known\.\n\nnoise\n[\s\S]*error: disk full$/,
      ),
    })
    expect(JSON.stringify(await events())).not.toContain('1087654321')
    const everything = await sql<{ row: string }>`SELECT h::text AS row FROM teams_heartbeats h`.execute(
      wired.database.kysely,
    )
    expect(JSON.stringify(everything.rows)).not.toContain('1087654321')
    await ping('backup', SUCCESS)
    expect(await open()).toEqual([])
  })

  it('that the configuration has no more are resolved, once replicas with the old configuration are gone', async () => {
    const { ping, replicas, wait, types, wired } = await heartbeatsOn('postgres')
    await ping('backup', failure(''))
    const look = await replicas(2, { ...wired.catalogue, heartbeats: new Map() })
    await look()
    expect(await types()).toEqual(['backup.failed'])
    await wait(11, { watched: false })
    await look()
    await look(0)
    expect(await types()).toEqual(['backup.failed', 'backup.recovered'])
  })

  it('that were reported while the configuration had another type for their end recover all the same', async () => {
    const { ping, replicas, wait, types, open, kysely, wired } = await heartbeatsOn('postgres')
    for (const name of ['import', 'backup']) await ping(name, failure(''))
    await sql`UPDATE teams_heartbeats SET end_type = 'lab.sync.back'`.execute(kysely)
    expect(await ping('backup', SUCCESS)).toMatchObject({ status: 'ok', open: [] })
    const look = await replicas(1, { ...wired.catalogue, heartbeats: new Map() })
    await wait(11, { watched: false })
    await look()
    await look(0)
    expect(await types()).toEqual(['heartbeat.failed', 'backup.failed', 'backup.recovered', 'heartbeat.recovered'])
    expect(await open()).toEqual([])
  })

  it('of another name are refused', async () => {
    const { ping } = await heartbeatsOn('postgres')
    for (const name of ['imports', '__proto__', 'constructor', '../import', ''])
      await expect(ping(name, SUCCESS)).rejects.toMatchObject({ code: 'not_found' })
  })
})

describe('the Watchdog of an Alertmanager', () => {
  const watchdog = (status: 'firing' | 'resolved') => {
    const body = JSON.parse(
      readFileSync(new URL('../fixtures/alertmanager/watchdog.json', import.meta.url), 'utf8'),
    ) as { alerts: object[] }
    const endsAt = status === 'resolved' ? { endsAt: '2026-11-30T08:00:00Z' } : {}
    return { ...body, status, alerts: body.alerts.map((alert) => ({ ...alert, status, ...endsAt })) }
  }

  it('is a heartbeat: its webhooks are successes, a missing one and a resolved one are events', async () => {
    const { wired, replicas, wait, types, open } = await heartbeatsOn('postgres', {
      heartbeats: {
        watchdog: { every: '5m', alertmanager: 'default', alert: 'Watchdog' },
        other: { every: '30d', alertmanager: 'default', alert: 'DeadMansSwitch' },
      },
    })
    const receive = (status: 'firing' | 'resolved') => wired.service.receiveAlerts('default', watchdog(status), 'test')
    const look = await replicas(1)
    expect(await receive('firing')).toEqual([])
    await wait(9)
    await look()
    expect(await types()).toEqual([])
    await wait(2)
    await look()
    expect(await types()).toEqual(['heartbeat.missed'])
    await receive('firing')
    expect(await open()).toEqual([])
    await receive('resolved')
    expect(await open()).toEqual(['heartbeat.failed'])
    expect(await wired.service.listHeartbeats()).toMatchObject([{ status: 'failed' }, { status: 'new' }])
  })
})
