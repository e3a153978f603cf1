import { type Kysely, sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAcceptor } from '../../src/accept/acceptor.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import { loadRegistry } from '../../src/registry/load.ts'
import type { UncheckedEvent } from '../../src/service/port.ts'
import type { Database } from '../../src/store/database.ts'
import type { Tables } from '../../src/store/tables.ts'
import { KINDS, openMigrated } from './databases.ts'

const registry = loadRegistry({
  language: 'en',
  budget: { requests: 60, period: 60, burst: 10 },
  config: { event_types: { 'celery.task.failed': { dedup: ['task_name'] } } },
})
const acceptorWith = (options: { repeatWindow?: number } = {}) =>
  createAcceptor({
    registry,
    phiPolicy: 'mask',
    keyTtl: 60,
    repeatWindow: 300,
    clock: systemClock,
    wake: async () => {},
    ...options,
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

describe.each(KINDS)('an event that happens again, on %s', (kind) => {
  let database: Database
  let db: Kysely<Tables>
  beforeAll(async () => {
    database = await openMigrated(kind)
    db = database.kysely
  })
  afterAll(() => database.close())

  const acceptor = acceptorWith()
  /** Accepts a call of events; what became of the notification of each. */
  const send = async (events: readonly UncheckedEvent[], by = acceptor) => {
    const { acceptances } = await db.transaction().execute((t) => by.accept(t, by.check(events), 'test'))
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

  it('counts up on the record of the first, in this call and in later ones', async () => {
    const [first, second] = await send([firing('again'), firing('again')])
    const [third, other] = await send([firing('again'), firing('another')])
    expect([first, other]).toMatchObject([waits, waits])
    expect([second, third]).toMatchObject([repeats(first), repeats(first)])
  })

  it('makes a card of its own when nobody says what it is about, when it is INFO, or of another type', async () => {
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

  it('makes one when patient data was taken out of the correlation id, in which two patients look alike', async () => {
    const event = (patient: string): UncheckedEvent => ({
      eventType: 'nphies.api.error',
      data: { error_type: 'api', operation: 'o', error_message: 'm', patient_id: patient },
      stakeholders: ['sre'],
      correlationId: `claim of ${patient}`,
    })
    expect(await send([event('P12345-6789'), event('P99999-6789')])).toMatchObject([waits, waits])
  })

  it('is recognised by the data fields that its type names', async () => {
    const failed = (name: string, id: string): UncheckedEvent => ({
      eventType: 'celery.task.failed',
      data: { task_name: name, task_id: id, error: 'e' },
      stakeholders: ['sre'],
    })
    const [first, second, other] = await send([failed('a', '1'), failed('a', '2'), failed('b', '3')])
    expect([first, second, other]).toMatchObject([waits, repeats(first), waits])
  })

  it('makes a card again once the first is acknowledged, failed, or older than the window', async () => {
    for (const [id, change] of [
      ['acknowledged', sql`acknowledged_at = now(), acknowledged_by = 'Sara'`],
      ['failed', sql`state = 'failed'`],
    ] as const) {
      const [first] = await send([firing(id)])
      await sql`UPDATE teams_notifications SET ${change} WHERE id = ${first?.id}`.execute(db)
      expect(await send([firing(id)])).toMatchObject([waits])
    }
    await send([firing('window')])
    expect(await send([firing('window')], acceptorWith({ repeatWindow: 0 }))).toMatchObject([waits])
    // Of PostgreSQL's own clock, on which an hour passes when the row says so.
    const [old] = await send([firing('old')])
    await sql`UPDATE teams_notifications SET created_at = created_at - interval '301 seconds' WHERE id = ${old?.id}`.execute(
      db,
    )
    expect(await send([firing('old')])).toMatchObject([waits])
  })

  it('makes a card again once it was resolved, and no longer counts as unacknowledged', async () => {
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
})
