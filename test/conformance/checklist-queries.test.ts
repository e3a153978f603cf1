import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../../src/store/database.ts'
import { KINDS } from '../services/stores.ts'
import { openMigrated } from './databases.ts'
import { PLATFORM_QUERIES, seedQuery } from './seed-queries.ts'

/** `sent`: minutes since the first post; null where nothing was posted. */
interface Sample {
  readonly state: string
  readonly priority: string
  readonly sent: number | null
  readonly status?: number
  readonly retries?: number
  /** Minutes from the first post to the acknowledgement. */
  readonly acknowledged?: number
  readonly digest?: string
  readonly resolved?: true
}

const DAY = 24 * 60

/** One notification in every state, by correlation id, which is its event type too. */
const SAMPLES: Readonly<Record<string, Sample>> = {
  acknowledged: { state: 'accepted', priority: 'CRITICAL', sent: 10, status: 202, acknowledged: 4 },
  open: { state: 'accepted', priority: 'CRITICAL', sent: 30, status: 202, retries: 2 },
  resolved: { state: 'accepted', priority: 'HIGH', sent: 20, status: 202, resolved: true },
  refused: { state: 'failed', priority: 'CRITICAL', sent: 40, status: 400 },
  unreachable: { state: 'failed', priority: 'HIGH', sent: 50, retries: 3 },
  retrying: { state: 'pending', priority: 'MEDIUM', sent: 1, status: 503, retries: 1 },
  throttled: { state: 'pending', priority: 'HIGH', sent: 2, status: 429 },
  posted: { state: 'posted', priority: 'HIGH', sent: 3, status: 200, acknowledged: 2 },
  earlier: { state: 'accepted', priority: 'INFO', sent: 120, status: 202 },
  'day before': { state: 'accepted', priority: 'LOW', sent: DAY + 60, status: 202 },
  waiting: { state: 'pending', priority: 'LOW', sent: null },
  sending: { state: 'sending', priority: 'CRITICAL', sent: null },
  repeat: { state: 'suppressed', priority: 'HIGH', sent: null },
  'digest sent': { state: 'accepted', priority: 'HIGH', sent: 5, status: 202 },
  'digest waiting': { state: 'pending', priority: 'CRITICAL', sent: null },
  'in a sent digest': { state: 'digested', priority: 'HIGH', sent: null, digest: 'digest sent' },
  'resolved in a sent digest': {
    state: 'digested',
    priority: 'HIGH',
    sent: null,
    digest: 'digest sent',
    resolved: true,
  },
  'ordinary in a sent digest': { state: 'digested', priority: 'LOW', sent: null, digest: 'digest sent' },
  'in a waiting digest': { state: 'digested', priority: 'CRITICAL', sent: null, digest: 'digest waiting' },
}

describe.each(KINDS)('the queries of the checklist on %s', (kind) => {
  let database: Database
  const ask = async (text: string) => (await sql.raw(text).execute(database.kysely)).rows as Record<string, unknown>[]
  const platform = (name: string) => ask(PLATFORM_QUERIES.get(name) ?? '')

  beforeAll(async () => {
    database = await openMigrated(kind)
  })
  afterAll(() => database.close())

  it('a database without notifications has no delivery rate: the query as written divides by zero', async () => {
    const rate = seedQuery('status_code < 400')
    await expect(ask(rate)).rejects.toMatchObject({ code: '22012' })
    const [row] = await ask(rate.replace('/ COUNT(*)', '/ NULLIF(COUNT(*), 0)'))
    expect(Object.values(row ?? {})).toEqual([null])
  })

  describe('with a notification in every state', () => {
    beforeAll(async () => {
      const ids = new Map(Object.keys(SAMPLES).map((name) => [name, crypto.randomUUID()]))
      for (const [name, { state, priority, sent, status, retries, acknowledged, digest, resolved }] of Object.entries(
        SAMPLES,
      )) {
        // A digest is written after what stands in it.
        const age = (sent ?? 6) + (digest === undefined ? 1 : 30)
        await sql`
          INSERT INTO teams_notifications
            (id, event_id, correlation_id, event_type, stakeholders, priority, channel, language, state, status_code,
             retry_count, sent_at, acknowledged_at, acknowledged_by, digest_id, dedup_key, created_at)
          VALUES (${ids.get(name)}, gen_random_uuid(), ${name}, ${name}, '{sre}', ${priority}, 'sre', 'en', ${state},
                  ${status ?? null}, ${retries ?? 0}, now() - ${sent}::float8 * interval '1 minute',
                  now() - (${sent}::float8 - ${acknowledged ?? null}::float8) * interval '1 minute',
                  ${acknowledged === undefined ? null : 'Sara'}, ${digest === undefined ? null : ids.get(digest)},
                  ${name}, now() - ${age}::float8 * interval '1 minute')`.execute(database.kysely)
        if (resolved)
          await sql`INSERT INTO teams_resolutions (dedup_key, event_type, event_id) VALUES (${name}, ${name}, gen_random_uuid())`.execute(
            database.kysely,
          )
      }
    })

    it('the delivery rate counts failures, and attempts without an answer', async () => {
      // Sent in a day: 10, of which 202 or 200: acknowledged, open, resolved, posted, earlier, the digest.
      const [row] = await ask(seedQuery('status_code < 400'))
      expect(Object.values(row ?? {})[0]).toBeCloseTo((6 / 10) * 100)
    })

    it('recent notifications show successes and failures of the last hour', async () => {
      const rows = await ask(seedQuery('AS successful'))
      const figures = Object.fromEntries(
        rows.map((row) => [row.event_type, [row.total, row.successful, row.failed].map(Number)]),
      )
      expect(figures).toEqual({
        acknowledged: [1, 1, 0],
        open: [1, 1, 0],
        resolved: [1, 1, 0],
        posted: [1, 1, 0],
        'digest sent': [1, 1, 0],
        refused: [1, 0, 1],
        retrying: [1, 0, 1],
        throttled: [1, 0, 1],
        // No answer came, so there is no status: neither successful nor failed, but counted in all.
        unreachable: [1, 0, 0],
      })
    })

    it('unacknowledged critical notifications are the posted ones, with failed ones and members of a sent digest', async () => {
      const rows = await ask(seedQuery('unacknowledged_critical;'))
      expect(rows.map((row) => [row.correlation_id, Math.round(Number(row.age_seconds) / 60)])).toEqual([
        ['unreachable', 50],
        ['refused', 40],
        ['open', 30],
        ...['digest sent', 'in a sent digest'].map((name) => [name, 5]),
        ['throttled', 2],
      ])
      expect(Number((await ask(seedQuery('COUNT(*) FROM teams_notifications_unacknowledged')))[0]?.count)).toBe(6)
    })

    it('rate-limited notifications are found with their used retries', async () => {
      expect(await ask(seedQuery('status_code = 429'))).toEqual([
        { correlation_id: 'throttled', retry_count: 0, status_code: 429, error_message: null },
      ])
    })

    it('the average acknowledgement time of CRITICAL is in minutes', async () => {
      const [row] = await ask(seedQuery("priority = 'CRITICAL' AND acknowledged_at"))
      expect(Number(row?.avg)).toBeCloseTo(4)
    })

    it('the last ten begin with notifications that were never posted', async () => {
      const rows = await ask(seedQuery('SELECT * FROM teams_notifications ORDER BY sent_at'))
      expect(rows).toHaveLength(10)
      const unsent = Object.values(SAMPLES).filter(({ sent }) => sent === null).length
      expect(rows.slice(0, unsent).every((row) => row.sent_at === null)).toBe(true)
      expect(rows[unsent]?.correlation_id).toBe('retrying')
    })

    it('the queries of the platform find failures, the last hour, volume, acknowledgement times and open notifications', async () => {
      expect((await platform('failures by event type')).map((row) => row.event_type)).toEqual([
        'refused',
        'retrying',
        'throttled',
      ])
      expect((await platform('last hour')).map((row) => row.correlation_id)).toEqual([
        'retrying',
        'throttled',
        'posted',
        'digest sent',
        'acknowledged',
        'resolved',
        'open',
        'refused',
        'unreachable',
      ])
      const volume = await platform('volume by type with average retries')
      expect(volume).toContainEqual({ event_type: 'unreachable', total: expect.anything(), avg_retries: 3 })
      expect(volume).toContainEqual({ event_type: 'throttled', total: expect.anything(), avg_retries: 0 })
      expect(await platform('acknowledgement time by priority')).toEqual([
        { priority: 'CRITICAL', seconds: expect.closeTo(240) },
        { priority: 'HIGH', seconds: expect.closeTo(120) },
      ])
      expect((await platform('ten oldest unacknowledged')).map((row) => row.correlation_id)).toEqual([
        'open',
        'resolved',
        'digest sent',
      ])
    })
  })
})
