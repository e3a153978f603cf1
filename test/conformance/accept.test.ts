import { Kysely, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadCatalogue } from '../../src/catalogue/load.ts'
import type { UncheckedEvent } from '../../src/contract/events.ts'
import { type Engine, startEngine } from '../../src/delivery/engine.ts'
import { type Acceptor, createAcceptor } from '../../src/intake/acceptor.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import { digestOf } from '../../src/kernel/ids.ts'
import { createLog } from '../../src/kernel/log.ts'
import type { Database } from '../../src/store/database.ts'
import { adoptTransaction } from '../../src/store/foreign-transaction.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { KINDS, startedStore } from '../services/stores.ts'
import { openMigrated } from './databases.ts'

const catalogue = loadCatalogue({
  language: 'en',
  budget: { requests: 60, period: 60, burst: 10 },
  config: { channels: { pmo: { muted: true } } },
})
const ALERT: UncheckedEvent = { eventType: 'vault.seal.detected', data: { node: 'vault-1' } }

const acceptorFor = (
  engine: Engine,
  overrides: { phiPolicy?: 'mask' | 'omit' | 'show'; keyTtl?: number } = {},
): Acceptor =>
  createAcceptor({
    catalogue,
    phiPolicy: 'mask',
    keyTtl: 86_400,
    repeats: { window: 300, acknowledged: { CRITICAL: 3_600, HIGH: 14_400, MEDIUM: 86_400 } },
    clock: systemClock,
    wake: engine.wake,
    ...overrides,
  })

describe.each(KINDS)('accept on %s', (kind) => {
  let database: Database
  let engine: Engine
  let acceptor: Acceptor

  beforeAll(async () => {
    database = await openMigrated(kind)
    engine = await startEngine(database, createLog('silent'), { deliver: false })
    acceptor = acceptorFor(engine)
  })
  afterAll(async () => {
    await engine.stop()
    await database.close()
  })

  const accept = async (events: readonly UncheckedEvent[], origin = 'test', by = acceptor) =>
    (
      await database.kysely
        .transaction()
        .execute(async (transaction) => by.accept(transaction, await by.protect(by.check(events)), origin))
    ).acceptances
  const count = async (correlationId: string) => {
    const { rows } = await sql<{
      n: number
    }>`SELECT count(*)::int AS n FROM teams_notifications WHERE correlation_id = ${correlationId}`.execute(
      database.kysely,
    )
    return rows[0]?.n
  }
  const everything = async () => {
    const parts = await Promise.all(
      [
        'teams_events',
        'teams_notifications',
        'teams_attempts',
        'teams_channels',
        'teams_idempotency_keys',
        'teams_engine.job',
      ].map((table) =>
        sql<{ row: string }>`SELECT to_jsonb(t)::text AS row FROM ${sql.table(table)} t`.execute(database.kysely),
      ),
    )
    return parts.flatMap((part) => part.rows.map(({ row }) => row)).join('\n')
  }

  it('writes the event, a notification per channel and a wake-up together', async () => {
    const [answer] = await accept([{ ...ALERT, correlationId: 'written' }])
    expect(answer).toMatchObject({ correlationId: 'written', duplicate: false })
    expect(answer?.notifications.map(({ channel, state }) => [channel, state])).toEqual([
      ['security_eng', 'pending'],
      ['sre', 'pending'],
      ['cloudops', 'pending'],
    ])
    expect(await count('written')).toBe(3)
    const { rows } = await sql<{
      key: string
    }>`SELECT singleton_key AS key FROM teams_engine.job WHERE name = 'drain' AND state = 'created'`.execute(
      database.kysely,
    )
    expect(rows.map(({ key }) => key)).toEqual(expect.arrayContaining(['security_eng', 'sre', 'cloudops']))
  })

  it('makes one event of what a source and a Python client say about the same attempt of a task', async () => {
    const failed = (retries: number, error: string) => ({
      eventType: 'celery.task.failed' as const,
      data: { task_name: 'tasks.submit', task_id: 'task-1', error },
      correlationId: 'task-1',
      idempotencyKey: `celery:task-1:failed:${retries}`,
    })
    const [first] = await accept([failed(0, 'NphiesError')], 'source:claims_workers')
    expect(await accept([failed(0, 'NphiesError: 502'), failed(1, 'NphiesError')], 'http:workers')).toMatchObject([
      { eventId: first?.eventId, duplicate: true },
      { duplicate: false },
    ])
    // The key of another type is its caller's own.
    const alert = { ...ALERT, idempotencyKey: 'celery:task-1:failed:0' }
    expect(await accept([alert], 'http:other')).toMatchObject([{ duplicate: false }])
  })

  it('makes one wake-up per channel for a storm, not one per event', async () => {
    await accept(Array.from({ length: 500 }, () => ALERT))
    await Promise.all(Array.from({ length: 20 }, () => accept([ALERT])))
    const { rows } = await sql<{
      n: number
    }>`SELECT count(*)::int AS n FROM teams_engine.job WHERE name = 'drain' AND singleton_key = 'sre'`.execute(
      database.kysely,
    )
    expect(rows[0]?.n).toBeLessThanOrEqual(5)
  })

  it('makes one notification where two groups read one channel, and none where a channel is muted', async () => {
    const [answer] = await accept([{ ...ALERT, stakeholders: ['SRE', 'sre', 'PMO'] }])
    expect(answer?.notifications.map(({ channel, state }) => [channel, state])).toEqual([
      ['sre', 'pending'],
      ['pmo', 'suppressed'],
    ])
  })

  it('refuses all events when one is bad, and names everything that is wrong with it', async () => {
    const events = Array.from(
      { length: 1000 },
      (_, index): UncheckedEvent =>
        index === 617
          ? { eventType: 'vault.seal.detectd', priority: 'URGENT', data: { node: 7 }, stakeholders: ['Sre Team'] }
          : { ...ALERT, correlationId: 'all-or-none' },
    )
    const error: unknown = await accept(events).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'invalid_event' })
    expect((error as { problems: { at: string; expected: string }[] }).problems.map(({ at }) => at)).toEqual([
      'events[617].eventType',
      'events[617].stakeholders[0]',
      'events[617].priority',
    ])
    expect((error as Error).message).toContain('perhaps vault.seal.detected')
    expect(await count('all-or-none')).toBe(0)
  })

  it('gives the first answer again for a known key, also to ten equal requests at once', async () => {
    const event = { ...ALERT, correlationId: 'once', idempotencyKey: 'key-1' }
    const answers = (await Promise.all(Array.from({ length: 10 }, () => accept([event])))).flat()
    expect(new Set(answers.map(({ eventId }) => eventId)).size).toBe(1)
    expect(answers.filter(({ duplicate }) => !duplicate)).toHaveLength(1)
    expect(answers.every(({ notifications }) => notifications.length === 3)).toBe(true)
    expect(await count('once')).toBe(3)
  })

  it('finds a key within one call, per caller, until it expires', async () => {
    const event = { ...ALERT, idempotencyKey: 'key-2' }
    const [first, second] = await accept([event, event])
    expect([first?.duplicate, second?.duplicate, second?.eventId]).toEqual([false, true, first?.eventId])
    const [other] = await accept([event], 'another caller')
    expect(other?.duplicate).toBe(false)
    await sql`UPDATE teams_idempotency_keys SET expires_at = now() - interval '1 second'`.execute(database.kysely)
    const [later] = await accept([event])
    expect(later?.duplicate).toBe(false)
    expect(later?.eventId).not.toBe(first?.eventId)
  })

  it.each([
    ['another type', { eventType: 'vault.unseal.complete' }],
    ['another priority', { priority: 'LOW' }],
    ['other data', { data: { node: 'vault-2' } }],
    ['more data', { data: { node: 'vault-1', more: 1 } }],
    ['other stakeholders', { stakeholders: ['sre'] }],
    ['another correlation id', { correlationId: 'c-2' }],
    ['another time', { occurredAt: '2026-11-21T10:00:01Z' }],
    ['another language', { language: 'ar' }],
  ])('refuses a key that comes again with %s, from an earlier call or the same one', async (what, change) => {
    const event = {
      ...{ ...ALERT, correlationId: 'c-1', occurredAt: '2026-11-21T10:00:00Z', language: 'en' },
      idempotencyKey: `reused ${what}`,
    }
    const refusal = (at: string[]) => ({
      code: 'idempotency_key_reused',
      problems: at.map((one) => expect.objectContaining({ at: one })),
    })
    const fresh = { ...ALERT, correlationId: `refused with ${what}` }
    const own = { ...event, idempotencyKey: `own ${what}` }
    await expect(accept([fresh, own, { ...own, ...change }])).rejects.toMatchObject(
      refusal(['events[2].idempotencyKey']),
    )
    await accept([event])
    await expect(accept([fresh, { ...event, ...change }, event, { ...event, ...change }])).rejects.toMatchObject(
      refusal(['events[1].idempotencyKey', 'events[3].idempotencyKey']),
    )
    expect(await count(`refused with ${what}`)).toBe(0)
    expect((await accept([event]))[0]?.duplicate).toBe(true)
  })

  it('treats events that differ only in notation as the same content', async () => {
    const data = { task_name: 't', task_id: 7, error: 'e', retries: 1, extra: { a: 1, b: [{ c: 2, d: 3 }] } }
    const event = {
      ...{ eventType: 'celery.task.failed', occurredAt: '2026-11-21T10:00:00Z', idempotencyKey: 'same content' },
      ...{ data, stakeholders: ['SRE', 'DevOps'], priority: 'high' },
    }
    const [first] = await accept([event])
    const again = {
      ...{ priority: 'HIGH', stakeholders: ['DevOps', 'SRE'], idempotencyKey: 'same content' },
      data: { extra: { b: [{ d: 3, c: 2 }], a: 1 }, retries: 1, error: 'e', task_id: '7', task_name: 't', queue: null },
      ...{ occurredAt: new Date('2026-11-21T13:00:00+03:00'), eventType: 'celery.task.failed' },
    }
    expect((await accept([again]))[0]).toMatchObject({ duplicate: true, eventId: first?.eventId })
  })

  it('stores a salted hash of the content, another one for each event', async () => {
    const event = { ...ALERT, data: { node: 'vault-salted' } }
    await accept([
      { ...event, idempotencyKey: 'salted-1' },
      { ...event, idempotencyKey: 'salted-2' },
    ])
    const { rows } = await sql<{ event_id: string; content_hash: string }>`
      SELECT k.event_id, k.content_hash FROM teams_idempotency_keys k
        JOIN teams_events e ON e.id = k.event_id WHERE e.data->>'node' = 'vault-salted'`.execute(database.kysely)
    expect(rows).toHaveLength(2)
    for (const { event_id, content_hash } of rows)
      expect(content_hash).toMatch(new RegExp(`^${event_id}:[0-9a-f]{64}$`))
    expect(new Set(rows.map(({ content_hash }) => content_hash.slice(-64))).size).toBe(2)
  })

  it('stores one new event for a key whose event was deleted, also with other content', async () => {
    const event = { ...ALERT, idempotencyKey: 'gone' }
    const [first] = await accept([event])
    await sql`DELETE FROM teams_notifications WHERE event_id = ${first?.eventId}`.execute(database.kysely)
    await sql`DELETE FROM teams_events WHERE id = ${first?.eventId}`.execute(database.kysely)
    // Another content too: of what is gone, nothing is known.
    const other = { ...event, data: { node: 'vault-9' } }
    const answers = (await Promise.all(Array.from({ length: 5 }, () => accept([other, other])))).flat()
    expect(new Set(answers.map(({ eventId }) => eventId)).size).toBe(1)
    expect(answers.filter(({ duplicate }) => !duplicate)).toHaveLength(1)
    expect(answers[0]?.eventId).not.toBe(first?.eventId)
    const { rows } = await sql`SELECT 1 FROM teams_events WHERE id = ${answers[0]?.eventId}`.execute(database.kysely)
    expect(rows).toHaveLength(1)
  })

  it('stores an event whose key was used by a refused call in a committed transaction', async () => {
    const taken = { ...ALERT, idempotencyKey: 'taken by the refused' }
    const clash = { ...ALERT, idempotencyKey: 'clash' }
    await accept([clash])
    await database.kysely.transaction().execute(async (transaction) => {
      const events = await acceptor.protect(acceptor.check([taken, { ...clash, data: { node: 'other' } }]))
      await expect(acceptor.accept(transaction, events, 'test')).rejects.toMatchObject({
        code: 'idempotency_key_reused',
      })
    })
    const [answer] = await accept([taken])
    expect(answer).toMatchObject({ duplicate: false })
    const { rows } = await sql`SELECT 1 FROM teams_events WHERE id = ${answer?.eventId}`.execute(database.kysely)
    expect(rows).toHaveLength(1)
  })

  it('finds keys of the previous version, also one that a gateway of that version renewed', async () => {
    const event = { ...ALERT, idempotencyKey: 'older' }
    const [first] = await accept([event])
    await sql`UPDATE teams_idempotency_keys SET content_hash = NULL WHERE event_id = ${first?.eventId}`.execute(
      database.kysely,
    )
    expect((await accept([event]))[0]).toMatchObject({ duplicate: true, eventId: first?.eventId })
    // The version before changes the event of an expired key, and knows no other column.
    const [taker] = await accept([ALERT])
    await accept([{ ...event, idempotencyKey: 'taken over' }])
    await sql`UPDATE teams_idempotency_keys SET event_id = ${taker?.eventId}
               WHERE key_hash = ${digestOf('test\ntaken over')}`.execute(database.kysely)
    const other = { ...event, idempotencyKey: 'taken over', data: { node: 'other' } }
    expect((await accept([other]))[0]).toMatchObject({ duplicate: true, eventId: taker?.eventId })
  })

  it('stores no patient data, in any place of the event', async () => {
    const event: UncheckedEvent = {
      eventType: 'celery.task.failed',
      correlationId: 'task-of-P987654321',
      idempotencyKey: 'key-of-P987654321',
      data: {
        task_name: 'submit',
        task_id: 't-1',
        error: 'no member P987654321 found',
        traceback: 'x P987654321',
        patient_id: 'P987654321',
        extra: { member_id: 1234567890, note: ['P987654321 again', '1234567890'] },
      },
    }
    const [answer] = await accept([event])
    expect(answer?.correlationId).toBe('task-of-P••••4321')
    const stored = await everything()
    expect(stored).toContain('no member P••••4321 found')
    expect(stored).not.toMatch(/P987654321|1234567890/)
  })

  it('leaves patient data out, or shows it, by policy', async () => {
    const event: UncheckedEvent = {
      eventType: 'nphies.claim.rejected',
      data: { claim_id: 'C-1', rejection_reason: 'P555555555 unknown', patient_id: 'P555555555' },
    }
    await accept([{ ...event, correlationId: 'omitted' }], 'test', acceptorFor(engine, { phiPolicy: 'omit' }))
    await accept([{ ...event, correlationId: 'shown' }], 'test', acceptorFor(engine, { phiPolicy: 'show' }))
    const data = async (id: string) =>
      (
        await sql<{ data: Record<string, string> }>`SELECT data FROM teams_events WHERE correlation_id = ${id}`.execute(
          database.kysely,
        )
      ).rows[0]?.data
    expect(await data('omitted')).toEqual({ claim_id: 'C-1', rejection_reason: 'P••••5555 unknown' })
    expect(await data('shown')).toMatchObject({ patient_id: 'P555555555' })
  })

  it('accepts text that a database or UTF-8 can not hold', async () => {
    await accept([{ ...ALERT, correlationId: 'odd', data: { node: 'a\u0000b\ud800c', 'k\u0000': 1 } }])
    const { rows } = await sql<{
      node: string
    }>`SELECT data->>'node' AS node FROM teams_events WHERE correlation_id = 'odd'`.execute(database.kysely)
    expect(rows[0]?.node).toBe('ab\ufffdc')
  })

  it('writes inside a Kysely transaction of the caller, and nothing after its rollback', async () => {
    const send = (correlationId: string, fail: boolean) =>
      database.kysely.transaction().execute(async (transaction) => {
        await acceptor.accept(
          adoptTransaction(transaction),
          await acceptor.protect(acceptor.check([{ ...ALERT, correlationId }])),
          'test',
        )
        if (fail) throw new Error('the claim could not be saved')
      })
    await expect(send('rolled-back', true)).rejects.toThrow('the claim')
    await send('committed', false)
    expect([await count('rolled-back'), await count('committed')]).toEqual([0, 3])
  })

  it('refuses a Kysely that is no transaction', () => {
    expect(() => adoptTransaction(database.kysely)).toThrow(/expected a transaction/)
  })
})

describe("accept inside a pg client's transaction", () => {
  it('is undone by its rollback, and blocks no other call while it is open', async () => {
    const { DATABASE_URL: url } = await startedStore('postgres')
    const database = await openPostgres({ url, pool: 5, log: createLog('silent') })
    const engine = await startEngine(database, createLog('silent'), { deliver: false })
    const acceptor = acceptorFor(engine)
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    try {
      const count = async () =>
        (await sql<{ n: number }>`SELECT count(*)::int AS n FROM teams_notifications`.execute(database.kysely)).rows[0]
          ?.n
      await client.query('BEGIN')
      await acceptor.accept(adoptTransaction(client), await acceptor.protect(acceptor.check([ALERT])), 'test')
      // The open transaction has written for the same channels; another event must not wait for it.
      await database.kysely.transaction().execute(async (transaction) => {
        await sql`SET LOCAL statement_timeout = '5s'`.execute(transaction)
        await acceptor.accept(transaction, await acceptor.protect(acceptor.check([ALERT])), 'test')
      })
      expect(await count()).toBe(3)
      await client.query('ROLLBACK')
      expect(await count()).toBe(3)
      await client.query('BEGIN')
      await acceptor.accept(adoptTransaction(client), await acceptor.protect(acceptor.check([ALERT])), 'test')
      await client.query('COMMIT')
      expect(await count()).toBe(6)
    } finally {
      await client.end()
      await engine.stop()
      await database.close()
    }
  })

  it('works through a Kysely over the schema of the host', async () => {
    const { DATABASE_URL: url } = await startedStore('postgres')
    const pool = new pg.Pool({ connectionString: url })
    const host = new Kysely<{ claims: { id: string } }>({ dialect: new PostgresDialect({ pool }) })
    const database = await openPostgres({ url, pool: 5, log: createLog('silent') })
    const engine = await startEngine(database, createLog('silent'), { deliver: false })
    try {
      await sql`CREATE TABLE claims (id text)`.execute(host)
      await host.transaction().execute(async (transaction) => {
        await transaction.insertInto('claims').values({ id: 'C-1' }).execute()
        const own = acceptorFor(engine)
        await own.accept(adoptTransaction(transaction), await own.protect(own.check([ALERT])), 'test')
      })
      const { rows } = await sql<{ n: number }>`SELECT count(*)::int AS n FROM teams_notifications, claims`.execute(
        database.kysely,
      )
      expect(rows[0]?.n).toBe(3)
    } finally {
      await engine.stop()
      await database.close()
      await host.destroy()
    }
  })
})
