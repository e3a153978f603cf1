import { type Kysely, sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadCatalogue } from '../../src/catalogue/load.ts'
import type { UncheckedEvent } from '../../src/contract/events.ts'
import { createAcceptor } from '../../src/intake/acceptor.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import type { Database } from '../../src/store/database.ts'
import type { Tables } from '../../src/store/tables.ts'
import { recordAttempts } from '../acceptance/steps.ts'
import { KINDS } from '../services/stores.ts'
import { openMigrated } from './databases.ts'

const catalogue = loadCatalogue({
  language: 'en',
  budget: { requests: 60, period: 60, burst: 10 },
  config: {
    event_types: {
      'celery.task.failed': { dedup: ['task_name'] },
      'backup.failed': { dedup: ['reference'] },
      'nphies.eligibility.denied': { dedup: ['reason'] },
    },
  },
})
const acceptorWith = (window: number) =>
  createAcceptor({
    catalogue,
    phiPolicy: 'mask',
    keyTtl: 60,
    repeats: { window, acknowledged: { CRITICAL: 3_600, HIGH: 14_400, MEDIUM: 86_400 } },
    clock: systemClock,
    wake: async () => {},
  })

/** An event for one channel. */
const firing = (correlationId: string, overrides: UncheckedEvent = {}): UncheckedEvent => ({
  eventType: 'prometheus.alert.firing',
  data: { component: 'api', summary: 'slow' },
  stakeholders: ['sre'],
  correlationId,
  ...overrides,
})
const resolved = (correlationId: string) => firing(correlationId, { eventType: 'prometheus.alert.resolved' })

describe.each(KINDS)('a repeated event, on %s', (kind) => {
  let database: Database
  let db: Kysely<Tables>
  beforeAll(async () => {
    database = await openMigrated(kind)
    db = database.kysely
  })
  afterAll(() => database.close())

  const acceptor = acceptorWith(300)
  /** Accepts a call of events; what became of the notification of each. */
  const send = async (events: readonly UncheckedEvent[], by = acceptor, origin = 'test') => {
    const { acceptances } = await db
      .transaction()
      .execute(async (t) => by.accept(t, await by.protect(by.check(events)), origin))
    const ids = acceptances.map(({ notifications }) => notifications[0]?.id ?? '')
    const { rows } = await sql<{ id: string; state: string; reason: string | null; repeat_of: string | null }>`
      SELECT id, state, reason, repeat_of FROM teams_notifications WHERE id = ANY(${ids}::uuid[])`.execute(db)
    return ids.map((id) => rows.find((row) => row.id === id))
  }
  const waits = { state: 'pending', reason: null, repeat_of: null }
  const repeats = (first: { id: string } | undefined) => ({
    state: 'suppressed',
    reason: 'repeat',
    repeat_of: first?.id,
  })

  it('increments repeat_count of the first notification, in the same call and in later ones', async () => {
    const [first, second] = await send([firing('again'), firing('again')])
    const [third, other] = await send([firing('again'), firing('another')])
    expect([first, other]).toMatchObject([waits, waits])
    expect([second, third]).toMatchObject([repeats(first), repeats(first)])
  })

  it('gets its own card without a correlation id, with priority INFO, or with another type', async () => {
    const { correlationId: _, ...anonymous } = firing('x')
    expect(await send([anonymous, anonymous])).toMatchObject([waits, waits])
    expect(await send([firing('info', { priority: 'INFO' }), firing('info', { priority: 'INFO' })])).toMatchObject([
      waits,
      waits,
    ])
    expect(await send([firing('type'), firing('type', { eventType: 'celery.queue.backlog' })])).toMatchObject([
      waits,
      waits,
    ])
  })

  it('gets its own card when patient data was masked in the correlation id, where two patients look alike', async () => {
    const event = (patient: string): UncheckedEvent => ({
      eventType: 'nphies.api.error',
      data: { error_type: 'api', operation: 'o', error_message: 'm', patient_id: patient },
      stakeholders: ['sre'],
      correlationId: `claim of ${patient}`,
    })
    expect(await send([event('P12345-6789'), event('P99999-6789')])).toMatchObject([waits, waits])
  })

  it('is found by the dedup fields of its type', async () => {
    const failed = (name: string, id: string): UncheckedEvent => ({
      eventType: 'celery.task.failed',
      data: { task_name: name, task_id: id, error: 'e' },
      stakeholders: ['sre'],
    })
    const [first, second, other] = await send([failed('a', '1'), failed('a', '2'), failed('b', '3')])
    expect([first, second, other]).toMatchObject([waits, repeats(first), waits])
  })

  const DENIED = { payer: 'p', status: 's' }
  it.each([
    [
      'masked',
      'nphies.eligibility.denied',
      ['P12345-6789', 'P99999-6789'].map((id) => ({ ...DENIED, patient_id: id, reason: `no cover for ${id}` })),
    ],
    [
      'cut',
      'celery.task.failed',
      ['a', 'b'].map((end) => ({ task_id: '1', error: 'e', task_name: 'x'.repeat(2_000) + end })),
    ],
  ])(
    'is no repeat of another whose dedup field differs, although both are stored alike once %s',
    async (_, eventType, data) => {
      const rows = await send(
        data.map((one) => ({
          eventType,
          data: one,
          stakeholders: ['sre'],
          priority: 'HIGH',
          correlationId: eventType,
        })),
      )
      expect(rows).toMatchObject([waits, waits])
      const ids = rows.map((row) => row?.id)
      const { rows: stored } = await sql`
      SELECT DISTINCT e.data FROM teams_events e JOIN teams_notifications n ON n.event_id = e.id
       WHERE n.id = ANY(${ids}::uuid[])`.execute(db)
      expect(stored).toHaveLength(1)
    },
  )

  it('is found only by its correlation id where the dedup fields are missing', async () => {
    const backup = (correlationId?: string): UncheckedEvent => ({
      eventType: 'backup.failed',
      data: { subject: 's', description: 'd' },
      stakeholders: ['sre'],
      ...(correlationId === undefined ? {} : { correlationId }),
    })
    expect(await send([backup(), backup()])).toMatchObject([waits, waits])
    const [first, again, other] = await send([backup('night 1'), backup('night 1'), backup('night 2')])
    expect([first, again, other]).toMatchObject([waits, repeats(first), waits])
  })

  /** Changes the notification of an event. */
  const change = (row: { id: string } | undefined, set: ReturnType<typeof sql>) =>
    sql`UPDATE teams_notifications SET ${set} WHERE id = ${row?.id}`.execute(db)

  it('gets its own card once the first has failed, was discarded and is quiet no more, or is older than the window', async () => {
    for (const [id, set] of [
      ['failed', sql`state = 'failed', sent_at = now()`],
      ['discarded', sql`state = 'accepted', action_taken = 'discard'`],
    ] as const) {
      const [first] = await send([firing(id)])
      await change(first, set)
      expect(await send([firing(id)])).toMatchObject([waits])
    }
    const [quiet] = await send([firing('quiet')])
    await change(quiet, sql`state = 'accepted', action_taken = 'discard', quiet_until = now() + interval '1 hour'`)
    expect(await send([firing('quiet')])).toMatchObject([repeats(quiet)])
    await change(quiet, sql`quiet_until = now() - interval '1 second'`)
    expect(await send([firing('quiet')])).toMatchObject([waits])
    await send([firing('window')])
    expect(await send([firing('window')], acceptorWith(0))).toMatchObject([waits])
    // Of PostgreSQL's own clock, on which an hour passes when the row says so.
    const [old] = await send([firing('old')])
    await change(old, sql`created_at = created_at - interval '301 s', received_at = received_at - interval '301 s'`)
    expect(await send([firing('old')])).toMatchObject([waits])
  })

  it.each([
    ['CRITICAL', 3_600],
    ['HIGH', 14_400],
    ['MEDIUM', 86_400],
  ] as const)(
    'makes no card while the acknowledgement of a %s lasts, %i s, and one when it has expired',
    async (priority, seconds) => {
      const event = firing(`acknowledged ${priority}`, { priority })
      const [first] = await send([event])
      const agoAt = (at: number) =>
        change(
          first,
          sql`acknowledged_by = 'Sara', acknowledged_at = now() - make_interval(secs => ${at}),
              created_at = now() - interval '2 days', received_at = now() - interval '2 days'`,
        )
      await agoAt(seconds - 30)
      expect(await send([event])).toMatchObject([repeats(first)])
      await agoAt(seconds + 1)
      const [again] = await send([event])
      expect(again).toMatchObject(waits)
      expect(await send([event])).toMatchObject([repeats(again)])
    },
  )

  it('gets its own card with a higher priority, although the first is acknowledged', async () => {
    const [first] = await send([firing('rises', { priority: 'HIGH' })])
    await change(first, sql`acknowledged_at = now(), acknowledged_by = 'Sara'`)
    expect(await send([firing('rises', { priority: 'HIGH' })])).toMatchObject([repeats(first)])
    expect(await send([firing('rises', { priority: 'CRITICAL' })])).toMatchObject([waits])
  })

  it('is no repeat of one of lower priority, from any caller, in this call or an earlier one', async () => {
    for (const lower of ['INFO', 'LOW', 'MEDIUM', 'HIGH'] as const) {
      const id = `below ${lower}`
      await send([firing(id, { priority: lower })], acceptor, 'http:another caller')
      const [alarm] = await send([firing(id, { priority: 'CRITICAL' })])
      expect(alarm, lower).toMatchObject(waits)
      expect(await send([firing(id, { priority: 'CRITICAL' }), firing(id, { priority: 'HIGH' })])).toMatchObject([
        repeats(alarm),
        repeats(alarm),
      ])
    }
    const call = await send([
      firing('one call', { priority: 'MEDIUM' }),
      firing('one call', { priority: 'CRITICAL' }),
      firing('one call', { priority: 'MEDIUM' }),
    ])
    expect(call).toMatchObject([waits, waits, repeats(call[1])])
  })

  it("is a repeat of another caller's event, where that is no less urgent and its card was accepted", async () => {
    const [first] = await send([firing('two callers', { priority: 'CRITICAL' })], acceptor, 'http:monitor')
    expect(await send([firing('two callers', { priority: 'CRITICAL' })], acceptor, 'http:other')).toMatchObject([
      repeats(first),
    ])
  })

  it('is found by the time of acceptance, and not by occurred_at', async () => {
    const at = (occurredAt: string) => firing('occurred', { occurredAt })
    const [first] = await send([at('2999-01-01T00:00:00Z')])
    expect(await send([at('1999-01-01T00:00:00Z')])).toMatchObject([repeats(first)])
    await send([{ ...resolved('occurred'), occurredAt: '1999-01-01T00:00:00Z' }])
    expect(await send([at('1999-01-01T00:00:00Z')])).toMatchObject([waits])
  })

  it('gets its own card when the first was suppressed', async () => {
    for (const reason of ['silence', 'maintenance', 'muted']) {
      const [first] = await send([firing(reason)])
      await change(first, sql`state = 'suppressed', reason = ${reason}`)
      expect(await send([firing(reason)]), reason).toMatchObject([waits])
    }
  })

  it('is a repeat of a digest member, unless the digest has failed', async () => {
    const [first, digest] = await send([firing('member'), firing('its digest')])
    await change(first, sql`state = 'digested', digest_id = ${digest?.id}`)
    for (const state of ['pending', 'sending', 'accepted']) {
      await change(digest, sql`state = ${state}`)
      expect(await send([firing('member')]), state).toMatchObject([repeats(first)])
    }
    await change(digest, sql`state = 'failed'`)
    expect(await send([firing('member')])).toMatchObject([waits])
  })

  it('gets its own card once the first is resolved, which no longer counts as unacknowledged', async () => {
    const [first] = await send([firing('resolved', { priority: 'CRITICAL' })])
    await sql`UPDATE teams_notifications SET state = 'accepted', sent_at = now() WHERE id = ${first?.id}`.execute(db)
    const unacknowledged = async () =>
      (await sql`SELECT id FROM teams_notifications_unacknowledged_critical WHERE id = ${first?.id}`.execute(db)).rows
    expect(await unacknowledged()).toHaveLength(1)
    await send([resolved('resolved')])
    expect(await unacknowledged()).toHaveLength(0)
    expect(await send([firing('resolved'), resolved('resolved'), firing('resolved')])).toMatchObject([
      waits,
      waits,
      waits,
    ])
  })

  it('is released where the digest of the first one fails', async () => {
    const turn = crypto.randomUUID()
    const [first, , again, other] = await send([firing('heir'), firing('heir'), firing('heir'), firing('not in it')])
    const [digest, otherAgain] = await send([firing('a digest'), firing('not in it')])
    await change(first, sql`state = 'digested', digest_id = ${digest?.id}`)
    await change(digest, sql`state = 'sending', held_by = ${turn}`)
    const { rows } = await sql<{
      at: Date
    }>`SELECT created_at AS at FROM teams_notifications WHERE id = ${digest?.id}`.execute(db)
    const at = rows[0]?.at ?? new Date()
    await recordAttempts(db, 'sre', turn, [
      {
        ...{ id: digest?.id ?? '', createdAt: at, state: 'failed', reason: 'bad_request', delayMs: 0, failed: true },
        ...{ mayHaveArrived: false, posted: true, webhookUrl: null, cardJson: null, statusCode: 400, errorCode: null },
        ...{ message: null, outcome: 'bad_request', attempt: 1, repeat: false, startedAt: at, finishedAt: at },
      },
    ])
    const states = await sql<{ id: string }>`
      SELECT id, reason FROM teams_notifications WHERE state = 'pending' AND id = ANY(${[first, again, other, otherAgain].map((row) => row?.id)}::uuid[])
       ORDER BY id`.execute(db)
    expect(states.rows).toEqual([
      { id: again?.id, reason: 'first_failed' },
      { id: other?.id, reason: null },
    ])
  })
})

// The embedded database has one connection: there, no transaction is open beside another.
describe('resolutions in a long transaction, on postgres', () => {
  let database: Database
  beforeAll(async () => {
    database = await openMigrated('postgres')
  })
  afterAll(() => database.close())

  const acceptor = acceptorWith(300)
  const say = async (event: UncheckedEvent, transaction: Kysely<Tables>) =>
    (await acceptor.accept(transaction, await acceptor.protect(acceptor.check([event])), 'test')).acceptances[0]
      ?.notifications[0]
  const sayNow = (event: UncheckedEvent) => database.kysely.transaction().execute((t) => say(event, t))
  /** Begins a transaction; says the first meanwhile, and then the second within. */
  const sayWithin = async (meanwhile: UncheckedEvent, within: UncheckedEvent) => {
    const open = await database.kysely.startTransaction().execute()
    await sql`SELECT 1`.execute(open)
    const first = await sayNow(meanwhile)
    const second = await say(within, open)
    await open.commit().execute()
    return [first, second]
  }
  const resolvedBy = async (id: string | undefined) => {
    const { rows } = await sql<{ by: string | null }>`
      SELECT teams_resolved_by(n) AS by FROM teams_notifications n WHERE id = ${id}`.execute(database.kysely)
    return rows[0]?.by
  }

  it('resolve events accepted before them', async () => {
    const [alarm] = await sayWithin(firing('closed'), resolved('closed'))
    expect(await resolvedBy(alarm?.id)).toEqual(expect.any(String))
    expect(await sayNow(firing('closed'))).toMatchObject({ state: 'pending' })
  })

  it('resolve no event accepted after them', async () => {
    const [, alarm] = await sayWithin(resolved('open'), firing('open'))
    expect(await resolvedBy(alarm?.id)).toBeNull()
    expect(await sayNow(firing('open'))).toMatchObject({ state: 'suppressed' })
    await sayNow(resolved('open'))
    expect(await resolvedBy(alarm?.id)).toEqual(expect.any(String))
  })

  it('an expired window does not count in a transaction that began within it', async () => {
    const open = await database.kysely.startTransaction().execute()
    await sql`SELECT 1`.execute(open)
    const first = await sayNow(firing('over'))
    // The window began before the transaction did, and ended while it was open.
    await sql`UPDATE teams_notifications SET received_at = received_at - interval '300 s' WHERE id = ${first?.id}`.execute(
      database.kysely,
    )
    expect(await say(firing('over'), open)).toMatchObject({ state: 'pending' })
    await open.rollback().execute()
  })
})
