import { randomUUID } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { verifyRows } from '../../src/audit/verify/rows.ts'
import {
  abandonPagerAlerts,
  claimPagerAlerts,
  ensurePagers,
  pausePager,
  releaseFolded,
} from '../../src/store/claim-pager-alerts.ts'
import type { Database } from '../../src/store/database.ts'
import { applyRetention, endImpossibleWaits } from '../../src/store/maintenance.ts'
import { insertPagerAlerts, readPagerAlerts, updatePagerAlerts } from '../../src/store/pager-alerts.ts'
import { inReadSnapshot } from '../../src/store/read-snapshot.ts'
import { readFoldedEvents, recordPagerAlert, recordTold } from '../../src/store/record-pager-alerts.ts'
import type { Tables } from '../../src/store/tables.ts'
import { accept, firing } from '../audit/a-life.ts'
import { openMigrated } from '../conformance/databases.ts'
import { KINDS } from '../services/stores.ts'

const PAGER = { name: 'oncall', budget: { perMinute: 60, burst: 10 } }
const accepted = { kind: 'accepted', request: 'trigger', statusCode: 202 } as const

describe.each(KINDS)('pager alerts on %s', (kind) => {
  let database: Database
  let db: Kysely<Tables>
  beforeAll(async () => {
    database = await openMigrated(kind)
    db = database.kysely
  })
  afterAll(() => database.close())
  beforeEach(async () => {
    for (const table of ['teams_pager_alerts', 'teams_pagers', 'teams_notifications', 'teams_attempts', 'teams_events'])
      await sql`DELETE FROM ${sql.table(table)}`.execute(db)
    await ensurePagers(db, [PAGER])
  })

  /** Accepts events and asks for a pager alert of each; gives the events' ids. */
  async function alerted(count: number, fingerprint: string | null = null): Promise<string[]> {
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
    const pagerAlerts = events.map(({ id, created_at }) => ({
      eventId: id,
      eventCreatedAt: created_at,
      pager: 'oncall',
      fingerprint,
      tier: 2,
    }))
    await db.transaction().execute((tx) => insertPagerAlerts(tx, pagerAlerts))
    return events.map(({ id }) => id)
  }
  const claim = (leaseMs = 60_000, most = 100) => claimPagerAlerts(db, PAGER, { leaseId: randomUUID(), leaseMs, most })
  async function claimOne(leaseMs?: number) {
    const [pagerAlert] = await claim(leaseMs)
    return pagerAlert ?? expect.fail('nothing was due')
  }
  const stateOf = async (eventId: string) => (await readPagerAlerts(db, [eventId]))[0]

  it('are claimed once, with their event, and done when the service accepted them', async () => {
    const [eventId = ''] = await alerted(1)
    const [first, second] = await Promise.all([claim(), claim()])
    const claimed = [...first, ...second]
    expect(claimed).toHaveLength(1)
    expect(claimed[0]).toMatchObject({
      request: 'trigger',
      failures: 0,
      folded: 0,
      event: { id: eventId, type: 'prometheus.alert.firing', data: { component: 'api' } },
    })
    const pagerAlert = claimed[0] ?? expect.fail()
    expect(await recordPagerAlert(db, pagerAlert, accepted)).toMatchObject({
      eventId,
      state: 'accepted',
      changed: true,
    })
    expect(await stateOf(eventId)).toMatchObject({ told: 'trigger', wanted: 'trigger', statusCode: 202, code: null })
    expect(await claim()).toEqual([])
  })

  it('are claimed again after a lease that ran out; the late record of the first claim changes nothing', async () => {
    const [eventId = ''] = await alerted(1)
    const lost = await claimOne(0)
    const again = await claimOne()
    expect(again.id).toBe(lost.id)
    expect(await recordPagerAlert(db, lost, { ...accepted, statusCode: 200 })).toBeUndefined()
    await recordPagerAlert(db, again, accepted)
    expect((await stateOf(eventId))?.statusCode).toBe(202)
  })

  it('are claimed again after a retry that is due, and not before', async () => {
    const [eventId = ''] = await alerted(1)
    const retry = { kind: 'retry', code: 'unavailable', statusCode: 503, tried: true } as const
    await recordPagerAlert(db, await claimOne(), { ...retry, retryInMs: 60_000 })
    expect(await stateOf(eventId)).toMatchObject({ state: 'pending', code: 'unavailable', statusCode: 503 })
    expect(await claim()).toEqual([])
    await sql`UPDATE teams_pager_alerts SET next_attempt_at = now()`.execute(db)
    expect((await claimOne()).failures).toBe(1)
  })

  it('of an asynchronous service are opened once its request was done, and asked for until then', async () => {
    const [eventId = ''] = await alerted(1)
    await recordPagerAlert(db, await claimOne(), { ...accepted, requestId: 'r-1', checkInMs: 0 })
    expect(await stateOf(eventId)).toMatchObject({ state: 'accepted', told: null })
    const asking = await claimOne()
    expect(asking).toMatchObject({ requestId: 'r-1', requested: 'trigger' })
    await recordPagerAlert(db, asking, { kind: 'unprocessed', checkInMs: 0 })
    await recordPagerAlert(db, await claimOne(), { kind: 'done', request: 'trigger' })
    expect(await stateOf(eventId)).toMatchObject({ state: 'opened', told: 'trigger' })
    await updatePagerAlerts(db, [eventId], 'resolve')
    const resolving = await claimOne()
    expect(resolving).toMatchObject({ request: 'resolve', requestId: null })
    await recordPagerAlert(db, resolving, { kind: 'done', request: 'resolve' })
    expect(await stateOf(eventId)).toMatchObject({ state: 'resolved', told: 'resolve' })
  })

  it('tell their service of an acknowledgement and of the end, each once', async () => {
    const [eventId = ''] = await alerted(1)
    await recordPagerAlert(db, await claimOne(), accepted)
    await updatePagerAlerts(db, [eventId], 'acknowledge')
    await updatePagerAlerts(db, [eventId], 'acknowledge')
    await recordPagerAlert(db, await claimOne(), { ...accepted, request: 'acknowledge' })
    expect(await stateOf(eventId)).toMatchObject({ state: 'accepted', told: 'acknowledge' })
    await updatePagerAlerts(db, [eventId], 'resolve')
    await updatePagerAlerts(db, [eventId], 'acknowledge')
    expect((await claimOne()).request).toBe('resolve')
  })

  it('that no service was told of are skipped; one that may have arrived is resolved', async () => {
    const [eventId = ''] = await alerted(1)
    await updatePagerAlerts(db, [eventId], 'resolve')
    expect(await stateOf(eventId)).toMatchObject({ state: 'skipped' })
    expect(await claim()).toEqual([])
    const [other = ''] = await alerted(1)
    await claimOne(0)
    await updatePagerAlerts(db, [other], 'resolve')
    expect((await claimOne()).request).toBe('resolve')
  })

  it('that may have arrived, are told of an acknowledgement and of the end, and are skipped then', async () => {
    const [eventId = ''] = await alerted(1)
    const lost = { kind: 'retry', code: 'no_answer', statusCode: null, retryInMs: 0, tried: true } as const
    await recordPagerAlert(db, await claimOne(), lost)
    await updatePagerAlerts(db, [eventId], 'acknowledge')
    expect(await stateOf(eventId)).toMatchObject({ state: 'pending' })
    await recordPagerAlert(db, await claimOne(), { ...accepted, request: 'acknowledge' })
    expect(await stateOf(eventId)).toMatchObject({ state: 'skipped', told: 'acknowledge', acceptedAt: null })
    await updatePagerAlerts(db, [eventId], 'resolve')
    await recordPagerAlert(db, await claimOne(), { ...accepted, request: 'resolve' })
    expect(await stateOf(eventId)).toMatchObject({ state: 'skipped', told: 'resolve', acceptedAt: null })
    expect(await claim()).toEqual([])
    // It had arrived: the service says so later.
    await recordTold(db, { eventId, pager: 'oncall', generation: 1 }, { state: 'resolved', by: null, via: 'pagerduty' })
    expect(await stateOf(eventId)).toMatchObject({ state: 'resolved' })
  })

  it.each([
    { code: 'not_done', state: 'skipped' },
    { code: 'gave_up', state: 'failed' },
  ] as const)('that may have arrived, end as $state where the resolve ends with $code', async ({ code, state }) => {
    const [eventId = ''] = await alerted(1)
    await claimOne(0)
    await updatePagerAlerts(db, [eventId], 'resolve')
    await recordPagerAlert(db, await claimOne(), { kind: 'refused', request: 'resolve', code, statusCode: null })
    expect(await stateOf(eventId)).toMatchObject({ state, code, told: 'resolve' })
  })

  it('that may have arrived, and are asked for again while the end is told, are told of in another alert', async () => {
    const [eventId = ''] = await alerted(1)
    await claimOne(0)
    await updatePagerAlerts(db, [eventId], 'resolve')
    const ending = await claimOne()
    const { created_at: eventCreatedAt } = await db
      .selectFrom('teams_events')
      .select('created_at')
      .executeTakeFirstOrThrow()
    const again = { eventId, eventCreatedAt, pager: 'oncall', fingerprint: null, tier: 3 }
    await db.transaction().execute((tx) => insertPagerAlerts(tx, [again]))
    await recordPagerAlert(db, ending, { ...accepted, request: 'resolve' })
    expect(await stateOf(eventId)).toMatchObject({ state: 'pending' })
    await recordPagerAlert(db, await claimOne(), accepted)
    expect(await stateOf(eventId)).toMatchObject({ state: 'accepted' })
  })

  it('whose event is over while a request is in flight are told so after it, never beside it', async () => {
    const [eventId = ''] = await alerted(1)
    const triggering = await claimOne()
    await updatePagerAlerts(db, [eventId], 'resolve')
    expect(await claim()).toEqual([])
    await recordPagerAlert(db, triggering, accepted)
    expect((await claimOne()).request).toBe('resolve')
  })

  it('are asked for again by a later round: the service is told again', async () => {
    const [eventId = ''] = await alerted(1)
    await recordPagerAlert(db, await claimOne(), accepted)
    const { created_at } = await db.selectFrom('teams_events').select('created_at').executeTakeFirstOrThrow()
    const pagerAlert = { eventId, eventCreatedAt: created_at, pager: 'oncall', fingerprint: null, tier: 3 }
    await db.transaction().execute((tx) => insertPagerAlerts(tx, [pagerAlert, pagerAlert]))
    expect(await claimOne()).toMatchObject({ request: 'trigger' })
    expect(await stateOf(eventId)).toMatchObject({ tier: 3, state: 'accepted' })
  })

  it('are asked for in another alert, where somebody had acknowledged the one before', async () => {
    const [eventId = ''] = await alerted(1)
    const pagerAlert = { eventId, pager: 'oncall', generation: 1 }
    await recordPagerAlert(db, await claimOne(), accepted)
    await recordTold(db, pagerAlert, { state: 'acknowledged', by: 'Sara', via: 'pagerduty' })
    const { created_at } = await db.selectFrom('teams_events').select('created_at').executeTakeFirstOrThrow()
    const again = { eventId, eventCreatedAt: created_at, pager: 'oncall', fingerprint: null, tier: 3 }
    await db.transaction().execute((tx) => insertPagerAlerts(tx, [again]))
    expect(await stateOf(eventId)).toMatchObject({ state: 'pending', acknowledgedAt: null, acknowledgedBy: null })
    const claimed = await claimOne()
    expect(claimed).toMatchObject({ request: 'trigger', generation: 2 })
    // The webhook of the first alert comes late.
    await recordTold(db, pagerAlert, { state: 'resolved', by: null, via: 'pagerduty' })
    await recordPagerAlert(db, claimed, accepted)
    expect(await stateOf(eventId)).toMatchObject({ state: 'accepted', resolvedAt: null })
    await recordTold(db, { ...pagerAlert, generation: 2 }, { state: 'acknowledged', by: 'Omar', via: 'pagerduty' })
    expect(await stateOf(eventId)).toMatchObject({ state: 'acknowledged', acknowledgedBy: 'Omar' })
  })

  it('keep the state that a webhook told, whenever it comes', async () => {
    const [eventId = ''] = await alerted(1)
    const pagerAlert = { eventId, pager: 'oncall', generation: 1 }
    const told = (state: 'opened' | 'acknowledged' | 'resolved', by: string | null = null) =>
      recordTold(db, pagerAlert, { state, by, via: 'pagerduty' })
    const triggering = await claimOne()
    expect(await told('acknowledged', 'Sara')).toMatchObject({ state: 'acknowledged', changed: true })
    expect(await told('acknowledged', 'Omar')).toMatchObject({ state: 'acknowledged', changed: false })
    expect(await told('opened')).toMatchObject({ state: 'acknowledged' })
    await recordPagerAlert(db, triggering, accepted)
    expect(await stateOf(eventId)).toMatchObject({ state: 'acknowledged', acknowledgedBy: 'Sara', told: 'trigger' })
    expect(
      await recordTold(db, { ...pagerAlert, eventId: randomUUID() }, { state: 'opened', by: null, via: 'pagerduty' }),
    ).toBeUndefined()
  })

  it('of a pager that the configuration has no more have failed', async () => {
    const [waiting = ''] = await alerted(1)
    expect(await abandonPagerAlerts(db, ['oncall'])).toEqual(new Map())
    expect(await abandonPagerAlerts(db, [])).toEqual(new Map([['oncall', 1]]))
    expect(await stateOf(waiting)).toMatchObject({ state: 'failed', code: 'pager_removed' })
    expect(await claim()).toEqual([])
  })

  it('keep the budget: a burst, and then as many as a minute refills', async () => {
    await alerted(15)
    expect(await claim()).toHaveLength(10)
    expect((await claim()).length).toBeLessThan(3)
    await sql`UPDATE teams_pagers SET refilled_at = refilled_at - interval '3 seconds'`.execute(db)
    expect((await claim()).length).toBeGreaterThanOrEqual(3)
  })

  it('wait while their service asks for a pause', async () => {
    await alerted(1)
    await pausePager(db, 'oncall', 60_000)
    await pausePager(db, 'oncall', 1_000)
    expect(await claim()).toEqual([])
    await sql`UPDATE teams_pagers SET paused_until = now(), refilled_at = now() - interval '1 minute'`.execute(db)
    expect(await claim()).toHaveLength(1)
  })

  it('wait no longer than any rule says, where the clock of the database was set back', async () => {
    await alerted(1)
    await sql`UPDATE teams_pager_alerts SET next_attempt_at = now() + interval '40 days'`.execute(db)
    await sql`UPDATE teams_pagers SET paused_until = now() + interval '40 days', refilled_at = now() + interval '40 days'`.execute(
      db,
    )
    expect(await endImpossibleWaits(db, 3_600)).toBe(2)
    await sql`UPDATE teams_pagers SET tokens = 0, refilled_at = refilled_at - interval '2 seconds'`.execute(db)
    expect(await claim()).toHaveLength(1)
    expect(await endImpossibleWaits(db, 3_600)).toBe(0)
  })

  it('beyond the budget are folded into one of the same fingerprint, and wait again when that is over', async () => {
    const events = await alerted(12, 'prometheus.alert.firing')
    await alerted(1, null)
    const claimed = await claim()
    expect(claimed.map(({ folded }) => folded).sort()).toEqual([0, 11])
    const lead = claimed.find(({ folded }) => folded > 0) ?? expect.fail()
    expect((await readFoldedEvents(db, lead.id)).toSorted()).toEqual(events.toSorted())
    for (const pagerAlert of claimed) await recordPagerAlert(db, pagerAlert, accepted)
    expect(await releaseFolded(db)).toBe(0)
    await updatePagerAlerts(db, [lead.event.id], 'resolve')
    expect(await releaseFolded(db)).toBe(11)
  })

  it('are folded into one that is open for less than an hour, whose service is told the new number', async () => {
    await alerted(12, 'prometheus.alert.firing')
    const [lead = expect.fail()] = await claim()
    await recordPagerAlert(db, lead, accepted)
    await alerted(12, 'prometheus.alert.firing')
    expect(await claim()).toEqual([])
    // A minute later.
    await sql`UPDATE teams_pager_alerts SET next_attempt_at = now() WHERE id = ${lead.id} AND next_attempt_at > now()`.execute(
      db,
    )
    const [counted = expect.fail()] = await claim()
    expect(counted).toMatchObject({ id: lead.id, request: 'trigger', folded: 23 })
    await recordPagerAlert(db, counted, accepted)
    await sql`UPDATE teams_pager_alerts SET accepted_at = now() - interval '61 minutes' WHERE id = ${lead.id}`.execute(
      db,
    )
    await alerted(12, 'prometheus.alert.firing')
    const [fresh = expect.fail()] = await claim()
    expect(fresh.id).not.toBe(lead.id)
    expect(fresh.folded).toBe(11)
  })

  it('that are folded into one whose service never had it are told of, once that is acknowledged', async () => {
    await alerted(12, 'prometheus.alert.firing')
    const throttled = { kind: 'retry', code: 'throttled', statusCode: 429, retryInMs: 60_000, tried: true } as const
    const [lead = expect.fail()] = await claim()
    expect(lead.folded).toBe(11)
    await recordPagerAlert(db, lead, throttled)
    await updatePagerAlerts(db, [lead.event.id], 'acknowledge')
    expect(await stateOf(lead.event.id)).toMatchObject({ state: 'skipped' })
    expect(await releaseFolded(db)).toBe(11)
  })

  it('that are folded into one that may have arrived are told of, once that is acknowledged', async () => {
    await alerted(12, 'prometheus.alert.firing')
    const [lead = expect.fail()] = await claim()
    await recordPagerAlert(db, lead, { kind: 'retry', code: 'no_answer', statusCode: null, retryInMs: 0, tried: true })
    await updatePagerAlerts(db, [lead.event.id], 'acknowledge')
    expect(await stateOf(lead.event.id)).toMatchObject({ state: 'pending', wanted: 'acknowledge' })
    expect(await releaseFolded(db)).toBe(11)
  })

  it('have entries that verify compares with their rows', async () => {
    const events = await alerted(12, 'x')
    const [pagerAlert] = await claim()
    await recordPagerAlert(db, pagerAlert ?? expect.fail(), accepted)
    // Rows of the tests before are gone without an entry.
    const ids = new Set((await readPagerAlerts(db, events)).map(({ id }) => id))
    await recordTold(
      db,
      { eventId: pagerAlert?.event.id ?? '', pager: 'oncall', generation: 1 },
      { state: 'acknowledged', by: 'Sara', via: 'pagerduty' },
    )
    await updatePagerAlerts(db, events.slice(6), 'resolve')
    const found = async (run: Kysely<Tables>) =>
      (await Array.fromAsync(verifyRows(run))).filter((one) => 'row' in one && ids.has(one.row?.id ?? ''))
    expect(await inReadSnapshot(db, found)).toEqual([])
    for (const [column, value] of [
      ['state', "'failed'"],
      ['acknowledged_by', "'Omar'"],
      ['told', 'NULL'],
      ['salt', 'NULL'],
      ['tier', '9'],
    ]) {
      const away = db.transaction().execute(async (tx) => {
        await sql.raw(`UPDATE teams_pager_alerts SET ${column} = ${value} WHERE id = '${pagerAlert?.id}'`).execute(tx)
        expect(await found(tx), column).toMatchObject([{ code: 'row_differs', row: { column, id: pagerAlert?.id } }])
        throw new Error('away')
      })
      await expect(away).rejects.toThrow('away')
    }
    await sql`UPDATE teams_pager_alerts SET created_at = created_at - interval '3000 days' WHERE id = ${pagerAlert?.id}`.execute(
      db,
    )
    await applyRetention(db, 2192, 90)
    expect(await readPagerAlerts(db, [pagerAlert?.event.id ?? ''])).toEqual([])
    expect(await inReadSnapshot(db, found)).toMatchObject([{ code: 'entry_not_backed', row: { id: pagerAlert?.id } }])
  })
})
