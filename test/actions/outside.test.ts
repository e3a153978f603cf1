import { type Kysely, sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createOutsideActions } from '../../src/actions/outside.ts'
import { type ActionProvider, type ProviderResult, StillRunning } from '../../src/actions/provider.ts'
import { createLog } from '../../src/kernel/log.ts'
import { createMetrics } from '../../src/metrics/metrics.ts'
import type { Database } from '../../src/store/database.ts'
import type { Tables } from '../../src/store/tables.ts'
import { openMigrated } from '../conformance/databases.ts'
import { quickClock } from '../services/quick-clock.ts'
import { KINDS } from '../services/stores.ts'
import { actingOn, firing, OMAR, rowsOf } from './acting.ts'

const DONE: ProviderResult = { state: 'done', data: { task_id: 't-1' } }

const providerOf = (overrides: Partial<ActionProvider> = {}): ActionProvider => ({
  action: 'retry',
  offers: ({ eventType }) => (eventType.startsWith('prometheus.') ? { can: true } : { can: false, why: 'resolved' }),
  run: async () => DONE,
  ...overrides,
})

describe.each(KINDS)('an action outside the gateway, on %s', (kind) => {
  let database: Database
  let db: Kysely<Tables>
  beforeAll(async () => {
    database = await openMigrated(kind)
    db = database.kysely
  })
  afterAll(() => database.close())

  /** The use cases, and as many replicas that run what was asked for. */
  function withProvider(provider: ActionProvider | readonly ActionProvider[], replicas = 1) {
    const acting = actingOn(database, { providers: [provider].flat() })
    const runners = Array.from({ length: replicas }, () =>
      createOutsideActions({
        kysely: db,
        parts: acting.parts,
        clock: quickClock,
        log: createLog('silent'),
        metrics: createMetrics(),
      }),
    )
    const retry = async (notificationId: string) =>
      acting.act({ action: 'retry', target: { notificationId }, inputs: { reason: 'the broker is back' } })
    return { ...acting, runners, retry }
  }
  const runOut = (id: string) =>
    sql`UPDATE teams_actions SET lease_until = now() - interval '1 second' WHERE id = ${id}`.execute(db)

  it('is asked for, run once by two replicas, and recorded with what the other side said', async () => {
    const run = vi.fn(async () => DONE)
    const { accept, retry, runners, getAction, enqueued } = withProvider(providerOf({ run }), 2)
    const { eventId, notificationId } = await accept(firing())
    const asked = await retry(notificationId)
    expect(asked).toMatchObject({ state: 'requested', result: null })
    expect(enqueued).toEqual([asked.id])
    expect(await retry(notificationId)).toMatchObject({ state: 'refused', result: 'already_running' })
    expect((await rowsOf(db, [eventId]))[0]?.action_taken).toBeNull()
    await Promise.all([...runners, ...runners].map(({ run: start }) => start(asked.id)))
    expect(run).toHaveBeenCalledTimes(1)
    expect(run).toHaveBeenCalledWith(
      expect.objectContaining({ id: eventId }),
      expect.objectContaining({ actionId: asked.id, actor: expect.objectContaining({ name: 'Sara', verified: true }) }),
    )
    expect(await getAction(asked.id)).toMatchObject({ state: 'done', data: { task_id: 't-1' } })
    expect((await rowsOf(db, [eventId]))[0]).toMatchObject({
      action_taken: 'retry',
      action_data: { action_id: asked.id, by: 'Sara' },
    })
    expect((await retry(notificationId)).state).toBe('requested')
  })

  it('is refused where nothing does it for the event, with the reason', async () => {
    const { accept, act, retry } = withProvider(providerOf())
    const { notificationId } = await accept(firing({ eventType: 'celery.queue.backlog' }))
    expect(await retry(notificationId)).toMatchObject({ state: 'refused', result: 'resolved' })
    expect(await act({ action: 'poll', target: { notificationId } })).toMatchObject({ result: 'not_offered' })
  })

  it.each([
    ['failed', 'provider_failed'],
    ['unknown', 'provider_lost'],
  ] as const)('that ends as %s does not count as done', async (state, result) => {
    const { accept, retry, runners, getAction } = withProvider(providerOf({ run: async () => ({ state, data: null }) }))
    const { eventId, notificationId } = await accept(firing())
    const { id } = await retry(notificationId)
    await runners[0]?.run(id)
    expect(await getAction(id)).toMatchObject({ state, result })
    expect((await rowsOf(db, [eventId]))[0]?.action_taken).toBeNull()
  })

  it('that its provider refuses is refused, with the reason of the provider', async () => {
    const run = async () => ({ state: 'refused', code: 'task_in_group', data: null }) as const
    const { accept, retry, runners, getAction } = withProvider(providerOf({ run }))
    const { notificationId } = await accept(firing())
    const { id } = await retry(notificationId)
    await runners[0]?.run(id)
    expect(await getAction(id)).toMatchObject({ state: 'refused', result: 'task_in_group' })
  })

  it('that its provider leaves is looked up by another process once its lease has run out', async () => {
    const run = async () => {
      throw new StillRunning()
    }
    const look = vi.fn(async () => DONE)
    const { accept, retry, runners, getAction } = withProvider(providerOf({ run, look }), 2)
    const { notificationId } = await accept(firing())
    const { id } = await retry(notificationId)
    await runners[0]?.run(id)
    expect(await getAction(id)).toMatchObject({ state: 'running', result: null })
    await runOut(id)
    await runners[1]?.run(id)
    expect(look).toHaveBeenCalledWith(expect.anything(), id, expect.objectContaining({ actionId: id }))
    expect(await getAction(id)).toMatchObject({ state: 'done' })
  })

  it('whose provider throws is unknown, as it may have been done', async () => {
    const run = async () => {
      throw new Error('cut off')
    }
    const { accept, retry, runners, getAction } = withProvider(providerOf({ run }))
    const { notificationId } = await accept(firing())
    const { id } = await retry(notificationId)
    await runners[0]?.run(id)
    expect(await getAction(id)).toMatchObject({ state: 'unknown', result: 'provider_lost' })
  })

  it('whose process was killed is not run again: unknown, or what the provider finds when it looks', async () => {
    const run = vi.fn(() => new Promise<ProviderResult>(() => {}))
    for (const [look, expected] of [
      [undefined, { state: 'unknown', result: 'provider_lost' }],
      [async () => DONE, { state: 'done', result: null }],
    ] as const) {
      const { accept, retry, runners, getAction } = withProvider(providerOf({ run, ...(look ? { look } : {}) }), 2)
      const { notificationId } = await accept(firing())
      const { id } = await retry(notificationId)
      run.mockClear()
      void runners[0]?.run(id)
      await vi.waitFor(() => expect(run).toHaveBeenCalledTimes(1))
      await runners[1]?.run(id)
      expect(await getAction(id)).toMatchObject({ state: 'running' })
      await runOut(id)
      await runners[1]?.run(id)
      expect(await getAction(id)).toMatchObject(expected)
      expect(run).toHaveBeenCalledTimes(1)
    }
  })

  it('that discards or restores an event changes the event once its provider has done its part', async () => {
    const run = vi.fn(async () => DONE)
    const providers = (['discard', 'restore'] as const).map((action) => providerOf({ action, run }))
    const { accept, act, runners, getAction } = withProvider(providers)
    const { eventId, notificationId } = await accept(firing())
    const target = { notificationId }
    const row = async () => (await rowsOf(db, [eventId]))[0]
    const discard = await act({ action: 'discard', target, inputs: { reason: 'sent twice', quietFor: 3_600 } })
    expect(discard.state).toBe('requested')
    expect((await row())?.action_taken).toBeNull()
    await runners[0]?.run(discard.id)
    expect(await getAction(discard.id)).toMatchObject({ state: 'done', data: { task_id: 't-1' } })
    expect(await row()).toMatchObject({ action_taken: 'discard', quiet_until: discard.quietUntil })
    expect(await act({ action: 'discard', target, inputs: { reason: 'again' } })).toMatchObject({
      state: 'refused',
      result: 'already_discarded',
    })
    const restore = await act({ action: 'restore', target })
    await runners[0]?.run(restore.id)
    expect(await row()).toMatchObject({ action_taken: 'restore', quiet_until: null })
    expect(run).toHaveBeenCalledTimes(2)
  })

  it('that discards an event of another type needs no provider', async () => {
    const run = vi.fn(async () => DONE)
    const offers = () => ({ can: false, why: 'not_offered' }) as const
    const { accept, act } = withProvider(providerOf({ action: 'discard', run, offers }))
    const { notificationId } = await accept(firing())
    const discard = { action: 'discard', target: { notificationId }, inputs: { reason: 'known' } } as const
    expect(await act(discard)).toMatchObject({ state: 'done' })
    expect(run).not.toHaveBeenCalled()
  })

  it('whose job was lost is found and run', async () => {
    const { accept, retry, runners, getAction } = withProvider(providerOf())
    const { notificationId } = await accept(firing())
    const { id } = await retry(notificationId)
    await sql`UPDATE teams_actions SET requested_at = requested_at - interval '1 minute' WHERE id = ${id}`.execute(db)
    const stop = runners[0]?.start()
    await expect.poll(async () => (await getAction(id)).state, { timeout: 15_000 }).toBe('done')
    await stop?.()
  })

  it('leaves an event discarded that somebody discarded meanwhile', async () => {
    const { accept, act, retry, runners, getAction } = withProvider(providerOf())
    const { eventId, notificationId } = await accept(firing())
    const { id } = await retry(notificationId)
    await act({ action: 'discard', target: { notificationId }, inputs: { reason: 'a drill' } }, OMAR)
    await runners[0]?.run(id)
    expect(await getAction(id)).toMatchObject({ state: 'done' })
    expect((await rowsOf(db, [eventId]))[0]).toMatchObject({ action_taken: 'discard', action_data: { by: 'Omar' } })
  })
})
