import { type Kysely, sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkStats, readStatsPeriod, type Stats, statsWire } from '../../src/contract/stats.ts'
import { createStats } from '../../src/gateway/stats.ts'
import { newId } from '../../src/kernel/ids.ts'
import type { Database } from '../../src/store/database.ts'
import { readStats } from '../../src/store/stats.ts'
import type { Tables } from '../../src/store/tables.ts'
import { KINDS } from '../services/stores.ts'
import { openMigrated } from './databases.ts'

const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000)
const PERIOD = { since: minutesAgo(60), until: minutesAgo(-1) }

interface Row {
  readonly event?: string
  readonly priority?: string
  readonly state?: string
  readonly stakeholders?: readonly string[]
  readonly type?: string
  readonly sentMinutesAgo?: number
  readonly acceptedMinutesAgo?: number
  readonly acknowledgedAfterSeconds?: number
  /** Seconds of each attempt's post; null for one without an answer. */
  readonly attempts?: readonly (number | null)[]
}

describe.each(KINDS)('figures on %s', (kind) => {
  let database: Database
  let db: Kysely<Tables>
  beforeAll(async () => {
    database = await openMigrated(kind)
    db = database.kysely
  })
  afterAll(() => database.close())

  async function write(row: Row): Promise<void> {
    const id = newId()
    const createdAt = minutesAgo(row.acceptedMinutesAgo ?? 30)
    const sentAt = row.sentMinutesAgo === undefined ? null : minutesAgo(row.sentMinutesAgo)
    const after = row.acknowledgedAfterSeconds
    const acknowledgedAt = sentAt && after !== undefined ? new Date(sentAt.getTime() + after * 1_000) : null
    await sql`
      INSERT INTO teams_notifications (id, event_id, correlation_id, event_type, stakeholders, priority, channel, language,
                                       state, created_at, sent_at, acknowledged_at)
      VALUES (${id}::uuid, ${row.event ?? newId()}::uuid, 'c', ${row.type ?? 'vault.seal.detected'},
              ${[...(row.stakeholders ?? ['sre'])]}::text[], ${row.priority ?? 'HIGH'}, 'sre', 'en',
              ${row.state ?? 'accepted'}, ${createdAt}::timestamptz, ${sentAt}::timestamptz,
              ${acknowledgedAt}::timestamptz)`.execute(db)
    for (const [index, seconds] of (row.attempts ?? []).entries()) {
      const startedAt = minutesAgo(29)
      const finishedAt = new Date(startedAt.getTime() + (seconds ?? 10) * 1_000)
      await sql`
        INSERT INTO teams_attempts (notification_id, attempt, started_at, finished_at, outcome, status_code, repeat, held_by,
                                    created_at)
        VALUES (${id}::uuid, ${index + 1}, ${startedAt}::timestamptz, ${finishedAt}::timestamptz, 'accepted',
                ${seconds === null ? null : 202}::int, false, gen_random_uuid(), ${createdAt}::timestamptz)`.execute(db)
    }
  }

  it('are null where nothing was measured, and never 100 %', async () => {
    expect(await readStats(db, PERIOD)).toEqual({
      ...PERIOD,
      deliveryRate: null,
      delivered: 0,
      failed: 0,
      waiting: 0,
      attempts: 0,
      retryRate: null,
      latency: { p50: null, p95: null, p99: null },
      acknowledgements: [],
      stakeholders: [],
      unacknowledgedCritical: 0,
    })
  })

  it('are those of a record made by hand', async () => {
    const critical = newId()
    // One event in two channels: acknowledged once, 120 seconds after its first post.
    await write({
      event: critical,
      priority: 'CRITICAL',
      stakeholders: ['sre', 'nphies'],
      sentMinutesAgo: 20,
      acknowledgedAfterSeconds: 120,
      attempts: [1],
    })
    await write({
      event: critical,
      priority: 'CRITICAL',
      stakeholders: ['sre', 'nphies'],
      sentMinutesAgo: 19,
      acknowledgedAfterSeconds: 60,
      attempts: [2],
    })
    await write({ priority: 'CRITICAL', sentMinutesAgo: 10, acknowledgedAfterSeconds: 240, attempts: [null, 3] })
    await write({ priority: 'CRITICAL', sentMinutesAgo: 5, state: 'posted' })
    await write({ priority: 'LOW', sentMinutesAgo: 5 })
    await write({ priority: 'HIGH', sentMinutesAgo: 5, state: 'failed', stakeholders: ['devops'] })
    await write({ state: 'pending' })
    await write({ state: 'suppressed' })
    await write({ state: 'digested' })
    // A card of the gateway itself asks nobody to acknowledge.
    await write({ type: 'gateway.digest', sentMinutesAgo: 5 })
    // Outside of the period.
    await write({ priority: 'CRITICAL', acceptedMinutesAgo: 90, sentMinutesAgo: 80, acknowledgedAfterSeconds: 6_000 })
    await write({ acceptedMinutesAgo: 90, state: 'failed' })

    const stats = await readStats(db, PERIOD)
    expect(stats).toMatchObject({
      delivered: 6,
      failed: 1,
      waiting: 1,
      deliveryRate: 6 / 7,
      attempts: 4,
      retryRate: 1 / 4,
      unacknowledgedCritical: 1,
    })
    expect(stats.latency.p50).toBeCloseTo(2, 3)
    expect(stats.latency.p95).toBeCloseTo(2.9, 3)
    expect(stats.acknowledgements).toEqual([
      { priority: 'CRITICAL', events: 3, acknowledged: 2, meanSeconds: expect.closeTo(180, 1) },
      { priority: 'HIGH', events: 1, acknowledged: 0, meanSeconds: null },
      { priority: 'LOW', events: 1, acknowledged: 0, meanSeconds: null },
    ])
    expect(stats.stakeholders).toEqual([
      { stakeholder: 'devops', events: 1, acknowledged: 0, share: 0 },
      { stakeholder: 'nphies', events: 1, acknowledged: 1, share: 1 },
      { stakeholder: 'sre', events: 3, acknowledged: 2, share: 2 / 3 },
    ])
    expect(statsWire.safeEncode(stats).success).toBe(true)
  })

  it('are refused for a period that is none, and for more than a year', async () => {
    const { stats } = createStats({ database })
    for (const since of [PERIOD.until, minutesAgo(400 * 1_440)])
      await expect(stats({ since, until: PERIOD.until })).rejects.toMatchObject({ code: 'invalid_request' })
  })
})

describe('the targets of the success metrics', () => {
  const good: Stats = {
    ...PERIOD,
    deliveryRate: 0.995,
    delivered: 199,
    failed: 1,
    waiting: 0,
    attempts: 200,
    retryRate: 0,
    latency: { p50: 0.1, p95: 1.9, p99: 3 },
    acknowledgements: [{ priority: 'CRITICAL', events: 4, acknowledged: 4, meanSeconds: 299 }],
    stakeholders: [],
    unacknowledgedCritical: 9,
  }
  const metOf = (stats: Stats) => checkStats(stats).map(({ name, met }) => [name, met])

  it('are met on their side of each limit', () => {
    expect(metOf(good).every(([, met]) => met === true)).toBe(true)
  })

  it.each([
    ['delivery_rate', { deliveryRate: 0.99 }],
    ['latency_p95', { latency: { p50: 1, p95: 2, p99: 3 } }],
    ['unacknowledged_critical', { unacknowledgedCritical: 10 }],
    [
      'critical_acknowledgement',
      { acknowledgements: [{ priority: 'CRITICAL', events: 1, acknowledged: 1, meanSeconds: 300 }] },
    ],
  ] as const)('of %s is missed at its limit', (name, change) => {
    expect(metOf({ ...good, ...change })).toContainEqual([name, false])
  })

  it('are neither met nor missed where nothing was measured', () => {
    const nothing = { ...good, deliveryRate: null, acknowledgements: [], latency: { p50: null, p95: null, p99: null } }
    expect(metOf(nothing)).toEqual([
      ['delivery_rate', null],
      ['critical_acknowledgement', null],
      ['latency_p95', null],
      ['unacknowledged_critical', true],
    ])
  })

  it('are those of the last 24 hours where no period is named', () => {
    const now = new Date('2026-11-30T12:00:00Z')
    expect(readStatsPeriod({}, now)).toEqual({ since: new Date('2026-11-29T12:00:00Z'), until: now })
    expect(() => readStatsPeriod({ since: 'yesterday' })).toThrow('invalid_request')
  })
})
