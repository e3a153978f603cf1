import { type CompiledQuery, Kysely, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import { beforeAll, describe, expect, it } from 'vitest'
import { listAdoptions, readRemovedBefore } from '../../src/store/adopted-rows.ts'
import { lastGroupEvent, openGroupCards, shownAlertIds } from '../../src/store/alert-groups.ts'
import { readBacklog } from '../../src/store/channels.ts'
import { nextDue, reclaimInterrupted, waitingSpan } from '../../src/store/claim.ts'
import { countWaiting } from '../../src/store/digests.ts'
import { createMigrations } from '../../src/store/migrations.ts'
import { listNotifications } from '../../src/store/notifications.ts'
import { findRepeated } from '../../src/store/repeats.ts'
import type { Tables } from '../../src/store/tables.ts'
import { channelsWithWork, ensureChannels, takeTurn } from '../../src/store/turns.ts'
import { noteUnreadyChannel } from '../../src/store/waiting.ts'
import { whenDone } from '../services/cleanup.ts'
import { freshDatabase } from '../services/database.ts'
import { claimDue } from './steps.ts'

/** Finished notifications, over three months, and pending ones. */
const FINISHED = 12_000
const WAITING = 400

let db: Kysely<Tables>
let asked: CompiledQuery[] = []
const turn = crypto.randomUUID()

beforeAll(async () => {
  const pool = new pg.Pool({ connectionString: (await freshDatabase()).url, max: 2 })
  db = new Kysely<Tables>({
    dialect: new PostgresDialect({ pool }),
    log: (event) => void (event.level === 'query' && asked.push(event.query)),
  })
  whenDone(() => db.destroy())
  await createMigrations(db).up()
  await ensureChannels(
    db,
    ['sre', 'pmo', 'quiet'].map((key) => ({ key, burst: 10 })),
  )
  await fill(FINISHED, 'accepted', sql`now() + (i % 3) * interval '1 month'`)
  await fill(WAITING, 'pending', sql`now()`)
  await sql`UPDATE teams_notifications SET state = 'failed' WHERE id IN (SELECT id FROM teams_notifications WHERE state = 'accepted' LIMIT 20)`.execute(
    db,
  )
  await takeTurn(db, 'sre', turn)
  await takeTurn(db, 'quiet', turn)
  await sql`
    INSERT INTO teams_audit_entries (subject, body)
    SELECT gen_random_uuid(), teams_audit_body('notification.released', '"n":' || i || '}')
      FROM generate_series(1, ${FINISHED}::int) i`.execute(db)
  await sql`ANALYZE`.execute(db)
})

const fill = (count: number, state: string, at: ReturnType<typeof sql>) =>
  sql`WITH e AS (
        INSERT INTO teams_events (id, event_type, correlation_id, priority, stakeholders, data, origin, occurred_at, created_at)
        SELECT gen_random_uuid(), 't' || i % 9, 'c' || i, 'HIGH', '{sre}', '{}', 'test', now(), ${at}
          FROM generate_series(1, ${count}::int) i RETURNING *)
      INSERT INTO teams_notifications
        (id, event_id, correlation_id, event_type, stakeholders, priority, channel, language, state, created_at, card_payload)
      SELECT gen_random_uuid(), id, correlation_id, event_type, stakeholders, priority,
             CASE WHEN event_type < 't5' THEN 'sre' ELSE 'pmo' END, 'en', ${state}, created_at, '{}' FROM e`.execute(db)

interface Node {
  readonly 'Node Type': string
  readonly 'Actual Rows': number
  readonly 'Actual Loops': number
  readonly 'Rows Removed by Filter'?: number
  readonly Plans?: readonly Node[]
}

/** Rows that the statements of `ask` read from tables and indexes, as EXPLAIN ANALYZE counts them. */
async function rowsRead(ask: (db: Kysely<Tables>) => Promise<unknown>): Promise<number> {
  asked = []
  await ask(db)
  const questions = [...asked]
  let rows = 0
  for (const { sql: text, parameters } of questions) {
    const explain = sql.raw(`EXPLAIN (ANALYZE, FORMAT JSON) ${text}`).compile(db)
    const result = await db.executeQuery<{ 'QUERY PLAN': [{ Plan: Node }] }>({ ...explain, parameters })
    rows += readBy(result.rows[0]?.['QUERY PLAN'][0].Plan)
  }
  return rows
}

function readBy(node: Node | undefined): number {
  if (!node) return 0
  const own = (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops']
  const scans = node['Node Type'].includes('Scan') && !/^(CTE|Subquery|Function)/.test(node['Node Type'])
  return (scans ? own : 0) + (node.Plans ?? []).reduce((sum, child) => sum + readBy(child), 0)
}

describe('queries of each second and each scrape read few finished notifications', () => {
  it.each([
    ['channels with work', 20, (db: Kysely<Tables>) => channelsWithWork(db)],
    ['the backlog', 2 * WAITING, (db: Kysely<Tables>) => readBacklog(db)],
    [
      'pending notifications without a webhook URL and without a reason',
      20,
      (db: Kysely<Tables>) => noteUnreadyChannel(db, 'sre', turn, 'address_missing', new Date()),
    ],
    ['interrupted attempts', 20, (db: Kysely<Tables>) => reclaimInterrupted(db, 'sre', turn)],
    ['the oldest and the newest pending notification', 10, (db: Kysely<Tables>) => waitingSpan(db, 'sre')],
    [
      'pending notifications, counted to a limit',
      100,
      (db: Kysely<Tables>) => countWaiting(db, 'sre', { urgent: 11, all: 31 }),
    ],
    ['the time of the next due notification', 2 * WAITING, (db: Kysely<Tables>) => nextDue(db, 'sre')],
    // The claim reads each notification that it takes twice, and locks ten more each time.
    ['due notifications', 100, (db: Kysely<Tables>) => claimDue(db, { channel: 'sre', turn })],
    ['due notifications of an idle channel', 20, (db: Kysely<Tables>) => claimDue(db, { channel: 'quiet', turn })],
  ])('%s', async (_question, most, ask) => {
    expect(await rowsRead(ask)).toBeLessThanOrEqual(most)
  })
})

describe('what audit verify asks about retention and adopted months reads no entry of a notification', () => {
  it.each([
    ['adopted months', listAdoptions],
    ['the time before which months were removed', readRemovedBefore],
  ] as const)('%s', async (_question, ask) => {
    expect(await rowsRead(ask)).toBeLessThanOrEqual(100)
  })
})

describe('a list reads at most 100 rows for a filter with few matches', () => {
  it.each([
    ['dead letters', { state: 'failed' }],
    ['suppressed notifications, of which there are none', { state: 'suppressed' }],
    ['notifications in flight', { state: 'sending' }],
    ['a channel without notifications', { channel: 'quiet' }],
    ['dead letters of a channel', { state: 'failed', channel: 'sre' }],
    ['a correlation id', { correlationId: 'c77' }],
  ] as const)('%s', async (_what, filter) => {
    expect(await rowsRead((db) => listNotifications(db, { limit: 10, ...filter }))).toBeLessThanOrEqual(100)
  })
})

describe('a group of alerts with 3,000 events, and as many of callers with its correlation id', () => {
  const EVENTS = 3_000
  const EARLIEST = new Date(Date.now() - 32 * 86_400_000)

  beforeAll(async () => {
    // Of its events one has a card, long ago.
    await sql`
      WITH e AS (
        INSERT INTO teams_events (id, event_type, correlation_id, priority, stakeholders, data, origin, occurred_at, created_at)
        SELECT gen_random_uuid(), 'prometheus.alert.firing', 'group', 'HIGH', '{sre}', '{"alert_ids":["a"]}',
               CASE WHEN i % 2 = 0 THEN 'group' ELSE 'caller' END, now(), now() - i * interval '1 second'
          FROM generate_series(1, ${2 * EVENTS}::int) i RETURNING *
      ), l AS (
        INSERT INTO teams_alert_events (correlation_id, event_id, event_created_at, is_firing)
        SELECT correlation_id, id, created_at, true FROM e WHERE origin = 'group' ORDER BY created_at)
      INSERT INTO teams_notifications
        (id, event_id, correlation_id, event_type, stakeholders, priority, channel, language, state, dedup_key, created_at, received_at)
      SELECT gen_random_uuid(), id, correlation_id, event_type, stakeholders, priority, 'sre', 'en',
             CASE WHEN row_number() OVER (ORDER BY created_at) = 1 THEN 'accepted' ELSE 'suppressed' END, 'group', created_at,
             created_at FROM e`.execute(db)
    for (const table of ['teams_events', 'teams_notifications', 'teams_alert_events'])
      await sql`ANALYZE ${sql.table(table)}`.execute(db)
  })

  it('costs its newest event at most 10 rows', async () => {
    expect((await lastGroupEvent(db, 'group', EARLIEST))?.origin).toBe('group')
    expect(await rowsRead((on) => lastGroupEvent(on, 'group', EARLIEST))).toBeLessThanOrEqual(10)
  })

  it('costs the alerts on its cards at most 2,100 rows, and none of events without a card', async () => {
    expect(await shownAlertIds(db, 'group', EARLIEST)).toEqual(new Set())
    expect(await rowsRead((on) => shownAlertIds(on, 'group', EARLIEST))).toBeLessThanOrEqual(2_100)
  })

  it('costs its open cards at most four rows for each of its own events', async () => {
    expect(await openGroupCards(db, 'group', EARLIEST)).toMatchObject([{ channel: 'sre' }])
    expect(await rowsRead((on) => openGroupCards(on, 'group', EARLIEST))).toBeLessThanOrEqual(4 * EVENTS)
  })
})

describe('a dedup key with 3,000 notifications and resolutions', () => {
  const FLAPS = 3_000
  const KEY = { dedupKey: 'flapping', eventType: 't1', channel: 'sre' }
  const TIMES = { window: 604_800, acknowledged: { CRITICAL: 3_600, HIGH: 14_400, MEDIUM: 86_400 } }

  beforeAll(async () => {
    // Firing and resolved once every ten minutes, so that all of it lies in the window and in three weeks.
    await sql`
      INSERT INTO teams_notifications
        (id, event_id, correlation_id, event_type, stakeholders, priority, channel, language, state, dedup_key, created_at, received_at)
      SELECT gen_random_uuid(), gen_random_uuid(), 'flapping', 't1', '{sre}', 'HIGH', 'sre', 'en', 'accepted', 'flapping', t, t
        FROM (SELECT now() - i * interval '10 minutes' AS t FROM generate_series(1, ${FLAPS}::int) i) AS times`.execute(
      db,
    )
    await sql`
      INSERT INTO teams_resolutions (dedup_key, event_type, event_id, created_at)
      SELECT 'flapping', 't1', gen_random_uuid(), now() - i * interval '10 minutes' + interval '5 minutes'
        FROM generate_series(1, ${FLAPS}::int) i`.execute(db)
    await sql`ANALYZE teams_resolutions`.execute(db)
    await sql`ANALYZE teams_notifications`.execute(db)
  })

  it('costs findRepeated at most 450 rows, for one event or a thousand in one call', async () => {
    for (const times of [1, 1_000])
      expect(await rowsRead((on) => findRepeated(on, Array(times).fill(KEY), TIMES, new Date()))).toBeLessThanOrEqual(
        450,
      )
  })

  it('costs teams_resolved_by() at most 10 rows of teams_resolutions', async () => {
    const read = await db.transaction().execute(async (transaction) => {
      const { rows } = await sql<{ by: string | null }>`
        SELECT teams_resolved_by(n) AS by FROM teams_notifications n
         WHERE n.dedup_key = 'flapping' ORDER BY n.created_at LIMIT 1`.execute(transaction)
      expect(rows[0]?.by).toEqual(expect.any(String))
      // Rows that this transaction has read from the table. EXPLAIN of the caller does not count reads inside a function.
      const counted = await sql<{ rows: number }>`
        SELECT (coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::int AS rows
          FROM pg_stat_xact_user_tables WHERE relname = 'teams_resolutions'`.execute(transaction)
      return counted.rows[0]?.rows
    })
    expect(read).toBeLessThanOrEqual(10)
  })
})
