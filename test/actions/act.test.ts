import { type Kysely, sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { verifyRows } from '../../src/audit/verify/rows.ts'
import type { Climb } from '../../src/escalation/timers.ts'
import type { Database } from '../../src/store/database.ts'
import { inReadSnapshot } from '../../src/store/read-snapshot.ts'
import type { Tables } from '../../src/store/tables.ts'
import { openMigrated } from '../conformance/databases.ts'
import { KINDS } from '../services/stores.ts'
import { actingOn, catalogueWith, change, firing, noEscalation, OMAR, person, rowsOf, SARA, TYPED } from './acting.ts'

describe.each(KINDS)('an action, on %s', (kind) => {
  let database: Database
  let db: Kysely<Tables>
  beforeAll(async () => {
    database = await openMigrated(kind)
    db = database.kysely
  })
  afterAll(() => database.close())

  it('acknowledges an event in all its channels, with who, how that is known, when and why', async () => {
    const { act, accept, getAction } = actingOn(database)
    const { eventId, notificationId } = await accept(firing({ stakeholders: ['sre', 'devops'] }))
    const answer = await act({ action: 'acknowledge', target: { notificationId }, inputs: { reason: 'on it' } })
    expect(answer).toMatchObject({ state: 'done', result: null, eventId, by: 'Sara', verified: true, events: 1 })
    expect(answer.notification).toMatchObject({
      id: notificationId,
      acknowledgedBy: 'Sara',
      actionTaken: 'acknowledge',
    })
    const rows = await rowsOf(db, [eventId])
    expect(rows).toHaveLength(2)
    for (const row of rows)
      expect(row).toMatchObject({
        acknowledged_by: 'Sara',
        action_taken: 'acknowledge',
        action_data: { action_id: answer.id, by: 'Sara', verified: true, reason: 'on it', after: [] },
      })
    expect(rows[0]?.acknowledged_at).toEqual(answer.finishedAt)
    expect(await getAction(answer.id)).toMatchObject({ id: answer.id, via: 'entra', reason: 'on it' })
  })

  it('answers the second person with who was first, and when', async () => {
    const { act, accept } = actingOn(database)
    const { notificationId } = await accept(firing())
    const first = await act({ action: 'acknowledge', target: { notificationId } })
    expect(await act({ action: 'acknowledge', target: { notificationId } }, OMAR)).toMatchObject({
      state: 'refused',
      result: 'already_acknowledged',
      data: { by: 'Sara', at: first.finishedAt?.toISOString() },
      events: 0,
    })
  })

  it('is done once by a hundred clicks at the same moment, by several people', async () => {
    const { act, accept } = actingOn(database)
    const { eventId, notificationId } = await accept(firing())
    const people = Array.from({ length: 100 }, (_, index) => person(`Person ${index}`))
    const answers = await Promise.all(
      people.map((one) => act({ action: 'acknowledge', target: { notificationId } }, one)),
    )
    const done = answers.filter(({ state }) => state === 'done')
    expect(done).toHaveLength(1)
    expect(new Set(answers.map(({ result }) => result))).toEqual(new Set([null, 'already_acknowledged']))
    expect((await rowsOf(db, [eventId]))[0]?.acknowledged_by).toBe(done[0]?.by)
    expect(answers.every(({ data, state }) => state === 'done' || data?.by === done[0]?.by)).toBe(true)
  })

  it('is done once with one key, and refuses the key for another action', async () => {
    const { act, accept, findFirstAction } = actingOn(database)
    const { notificationId } = await accept(firing())
    const { notificationId: other } = await accept(firing())
    const ask = (idempotencyKey: string, target = { notificationId }) =>
      act({ action: 'acknowledge', target, idempotencyKey })
    const answers = await Promise.all([ask('a'), ask('a'), ask('a')])
    expect(new Set(answers.map(({ id, state }) => `${id} ${state}`)).size).toBe(1)
    await act({ action: 'unacknowledge', target: { notificationId } })
    expect(await ask('a')).toMatchObject({ id: answers[0]?.id, state: 'done' })
    await expect(ask('a', { notificationId: other })).rejects.toMatchObject({ code: 'action_key_reused' })
    expect(await findFirstAction('a', SARA)).toMatchObject({ id: answers[0]?.id, notification: { id: notificationId } })
    expect(await findFirstAction('a', OMAR)).toBeUndefined()
    // Of another caller the key is another one.
    const theirs = await act({ action: 'acknowledge', target: { notificationId: other }, idempotencyKey: 'a' }, OMAR)
    expect(theirs.state).toBe('done')
  })

  it('is done once with the key of a form, whatever name is typed into it the second time', async () => {
    const { act, accept } = actingOn(database)
    const { notificationId } = await accept(firing())
    const form = { action: 'acknowledge', target: { notificationId }, idempotencyKey: 'form:1' } as const
    const first = await act(form, { ...TYPED, name: 'Ann' })
    expect(first).toMatchObject({ state: 'done', by: 'Ann' })
    await act({ action: 'unacknowledge', target: { notificationId } }, SARA)
    expect(await act(form, { ...TYPED, name: 'Bob' })).toMatchObject({ id: first.id, by: 'Ann' })
  })

  it('can be done again once it was taken back, or has expired', async () => {
    const { act, accept } = actingOn(database)
    const { notificationId } = await accept(firing())
    const acknowledge = () => act({ action: 'acknowledge', target: { notificationId } })
    await acknowledge()
    expect(await act({ action: 'unacknowledge', target: { notificationId } })).toMatchObject({ state: 'done' })
    expect((await acknowledge()).state).toBe('done')
    await change(db, notificationId, sql`acknowledged_at = now() - interval '4 hours 1 second'`)
    expect((await acknowledge()).state).toBe('done')
  })

  it('discards an event, whose repeats stay quiet as long as was chosen, and restores it within its time', async () => {
    const { act, accept } = actingOn(database)
    const { eventId, notificationId } = await accept(firing({ correlationId: `quiet-${kind}` }))
    const discard = { action: 'discard', target: { notificationId } } as const
    await expect(act(discard)).rejects.toMatchObject({ code: 'invalid_action', problems: [{ at: 'reason' }] })
    const answer = await act({ ...discard, inputs: { reason: 'a drill', quietFor: 600 } })
    const quietUntil = new Date((answer.finishedAt?.getTime() ?? 0) + 600_000)
    expect(answer).toMatchObject({ state: 'done', quietUntil })
    expect((await rowsOf(db, [eventId]))[0]).toMatchObject({ action_taken: 'discard', quiet_until: quietUntil })
    expect((await accept(firing({ correlationId: `quiet-${kind}` }))).notifications).toMatchObject([
      { state: 'suppressed' },
    ])
    expect(await act({ action: 'acknowledge', target: { notificationId } })).toMatchObject({ result: 'discarded' })
    expect(await act({ action: 'restore', target: { notificationId } }, OMAR)).toMatchObject({ state: 'done' })
    expect((await rowsOf(db, [eventId]))[0]).toMatchObject({ action_taken: 'restore', quiet_until: null })
    await act({ ...discard, inputs: { reason: 'again' } })
    const late = actingOn(database, { restoreWindow: -1 })
    expect(await late.act({ action: 'restore', target: { notificationId } })).toMatchObject({
      result: 'restore_too_late',
    })
  })

  it('leaves the view of the unacknowledged with a discard, and comes back with a restore', async () => {
    const { act, accept } = actingOn(database)
    const { notificationId } = await accept(firing({ priority: 'CRITICAL' }))
    await change(db, notificationId, sql`sent_at = now(), state = 'accepted'`)
    const listed = async () => {
      const { rows } = await sql`
        SELECT 1 FROM teams_notifications_unacknowledged_critical WHERE id = ${notificationId}`.execute(db)
      return rows.length
    }
    expect(await listed()).toBe(1)
    await act({ action: 'discard', target: { notificationId }, inputs: { reason: 'a drill' } })
    expect(await listed()).toBe(0)
    await act({ action: 'restore', target: { notificationId } })
    expect(await listed()).toBe(1)
  })

  it('takes all open events of a correlation id, or says which there are', async () => {
    const { act, accept } = actingOn(database)
    const correlationId = `batch-${kind}`
    const first = await accept(firing({ correlationId }))
    await accept(firing({ correlationId }))
    const second = await accept(firing({ correlationId, eventType: 'celery.queue.backlog' }))
    const discard = { action: 'discard', inputs: { reason: 'a drill' } } as const
    await expect(act({ ...discard, target: { correlationId } })).rejects.toMatchObject({
      code: 'several_events',
      problems: [
        { found: `the event ${first.eventId} (prometheus.alert.firing)` },
        { found: `the event ${second.eventId} (celery.queue.backlog)` },
      ],
    })
    // The platform's cards give the correlation id as the event's id.
    const all = await act({ action: 'acknowledge', target: { eventId: correlationId } })
    expect(all).toMatchObject({ state: 'done', events: 3 })
    expect(await act({ action: 'acknowledge', target: { correlationId } })).toMatchObject({
      result: 'already_acknowledged',
    })
    await act({ ...discard, target: { eventId: first.eventId } })
    expect(await act({ ...discard, target: { correlationId } })).toMatchObject({
      state: 'done',
      eventId: second.eventId,
    })
  })

  it('sends a failed notification again, and records it as a replay too', async () => {
    const { act, accept, woken } = actingOn(database)
    const { notificationId } = await accept(firing())
    const replay = { action: 'replay', target: { notificationId } } as const
    expect(await act(replay)).toMatchObject({ state: 'refused', result: 'not_failed' })
    await change(db, notificationId, sql`state = 'failed', reason = 'bad_request'`)
    expect(await act({ ...replay, inputs: { reason: 'the flow is back' } })).toMatchObject({
      state: 'done',
      notification: { state: 'pending', reason: 'replayed', actionTaken: 'replay' },
    })
    expect(woken).toEqual(['sre'])
    const { rows } = await sql`
      SELECT replayed_by FROM teams_replays WHERE notification_id = ${notificationId}`.execute(db)
    expect(rows).toEqual([{ replayed_by: 'Sara' }])
  })

  it('calls a tier once, however often it is clicked, and another one by its number', async () => {
    const calls: (number | undefined)[] = []
    const climb = async (_: unknown, __: string, tier?: number): Promise<Climb> => {
      calls.push(tier)
      return { called: true, tier: tier ?? 2, channels: ['devops'], pagers: ['pd'] }
    }
    const { act, accept } = actingOn(database, { timers: { ...noEscalation, climb } })
    const { notificationId } = await accept(firing())
    const escalate = (tier?: number) =>
      act({ action: 'escalate', target: { notificationId }, inputs: { reason: 'help', ...(tier ? { tier } : {}) } })
    const answers = await Promise.all([escalate(), escalate(), escalate()])
    expect(answers.map(({ result }) => result).sort()).toEqual(['already_escalated', 'already_escalated', null])
    expect(answers.find(({ state }) => state === 'done')).toMatchObject({ tier: 2, data: { pagers: ['pd'] } })
    expect(await escalate(3)).toMatchObject({ state: 'done', tier: 3 })
    expect(calls).toEqual([undefined, 3])
    const without = actingOn(database)
    expect(
      await without.act({ action: 'escalate', target: { notificationId }, inputs: { reason: 'r', tier: 1 } }),
    ).toMatchObject({ state: 'refused', result: 'no_policy' })
  })

  it('is refused to a typed name, but for an acknowledgement, and to people without the role, who are told whom to ask', async () => {
    const catalogue = catalogueWith({
      roles: {
        operators: { may: ['acknowledge'], stakeholders: ['SRE'] },
        leads: { may: ['discard', 'restore'], event_types: ['prometheus.*'] },
      },
    })
    const { act, accept, getActionPage } = actingOn(database, { catalogue })
    const { eventId, notificationId } = await accept(firing())
    const discard = { action: 'discard', target: { notificationId }, inputs: { reason: 'a drill' } } as const
    expect(await act(discard, TYPED)).toMatchObject({
      state: 'refused',
      result: 'not_verified',
      data: { ask: ['leads'] },
    })
    const operator = person('Huda', ['operators', 'unknown'])
    expect(await act(discard, operator)).toMatchObject({
      state: 'refused',
      result: 'not_permitted',
      data: { ask: ['leads'] },
    })
    expect((await rowsOf(db, [eventId]))[0]?.action_taken).toBeNull()
    expect(await getActionPage(notificationId, 'discard', operator)).toMatchObject({
      possible: false,
      result: 'not_permitted',
      inputs: { reason: 'required' },
      earlier: [{ result: 'not_permitted' }, { result: 'not_verified' }],
    })
    expect((await act({ action: 'acknowledge', target: { notificationId } }, operator)).state).toBe('done')
    expect((await act({ action: 'unacknowledge', target: { notificationId } }, SARA)).state).toBe('refused')
    expect(await act(discard, person('Layla', ['leads']))).toMatchObject({ state: 'done' })
    const { notificationId: typed } = await accept(firing())
    expect(await act({ action: 'acknowledge', target: { notificationId: typed } }, TYPED)).toMatchObject({
      state: 'done',
      verified: false,
    })
  })

  it('waits for a second verified person where two are needed', async () => {
    const catalogue = catalogueWith({ two_person: ['discard'] })
    const { act, accept, getAction } = actingOn(database, { catalogue })
    const { eventId, notificationId } = await accept(firing())
    const discard = { action: 'discard', target: { notificationId }, inputs: { reason: 'a drill' } } as const
    const first = await act(discard)
    expect(first).toMatchObject({ state: 'requested', result: 'second_person_needed' })
    expect((await rowsOf(db, [eventId]))[0]?.action_taken).toBeNull()
    expect(await act(discard)).toMatchObject({ state: 'refused', result: 'same_person' })
    const token = { ...SARA, via: 'token', id: null, verified: false } as const
    expect(await act(discard, token)).toMatchObject({ state: 'refused', result: 'not_verified' })
    const second = await act(discard, OMAR)
    expect(second).toMatchObject({ state: 'done' })
    expect(await getAction(first.id)).toMatchObject({ state: 'done' })
    expect((await rowsOf(db, [eventId]))[0]).toMatchObject({ action_taken: 'discard', action_data: { by: 'Omar' } })
  })

  it('has patient data hidden in typed texts, and no control characters in names', async () => {
    const { act, accept } = actingOn(database)
    const { notificationId } = await accept(firing())
    const answer = await act(
      {
        action: 'acknowledge',
        target: { notificationId },
        inputs: { reason: 'patient_id P12345-6789 called', note: 'two\nlines' },
      },
      person('Sa\u202Era\n'),
    )
    expect(answer.reason).not.toContain('12345')
    expect(answer).toMatchObject({ note: 'two / lines', by: 'Sara' })
  })

  it.each([
    [{ action: 'retry_task', correlationId: 'a' }, 'action'],
    [{ action: 'acknowledge' }, 'notificationId, eventId, correlationId'],
    [{ action: 'acknowledge', eventId: 'a', correlationId: 'b' }, 'notificationId, eventId, correlationId'],
    [{ action: 'acknowledge', correlationId: 'a', tier: 2 }, 'tier'],
    [{ action: 'escalate', correlationId: 'a', reason: 'r', tier: 1.5 }, 'tier'],
    [{ action: 'discard', correlationId: 'a', reason: 'r', quietFor: 1e9 }, 'quietFor'],
    [{ action: 'discard', correlationId: 'a', reason: 'x'.repeat(501) }, 'reason'],
    [{ action: 'acknowledge', correlationId: 'a', idempotencyKey: 7 }, 'idempotencyKey'],
  ])('%o is refused as invalid at %s', async (action, at) => {
    await expect(actingOn(database).actUnchecked(action)).rejects.toMatchObject({
      code: 'invalid_action',
      problems: [{ at }],
    })
  })

  it('of an unknown id is not found', async () => {
    const { act } = actingOn(database)
    for (const target of [
      { notificationId: '019f0000-0000-7000-8000-000000000000' },
      { eventId: '019f0000-0000-7000-8000-000000000000' },
      { notificationId: 'x' },
      { correlationId: 'nobody' },
    ])
      await expect(act({ action: 'acknowledge', target })).rejects.toMatchObject({ code: 'not_found' })
  })

  it('has rows and columns as its entries say', async () => {
    const written = ['acknowledged_by', 'acknowledged_at', 'action_taken', 'action_data', 'quiet_until']
    const found = await inReadSnapshot(db, async (t) => Array.fromAsync(verifyRows(t)))
    // The tests change other columns with SQL.
    expect(
      found.filter(
        (one) => 'note' in one || one.row?.table === 'teams_actions' || written.includes(one.row?.column ?? ''),
      ),
    ).toEqual([])
  })
})
