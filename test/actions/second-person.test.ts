import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createOutsideActions } from '../../src/actions/outside.ts'
import type { ActionProvider } from '../../src/actions/provider.ts'
import { relayedActor } from '../../src/contract/actor.ts'
import { type Clock, systemClock } from '../../src/kernel/clock.ts'
import { createLog } from '../../src/kernel/log.ts'
import { createMetrics } from '../../src/metrics/metrics.ts'
import { findAbandoned, takeAction } from '../../src/store/actions.ts'
import type { Database } from '../../src/store/database.ts'
import { openMigrated } from '../conformance/databases.ts'
import { KINDS } from '../services/stores.ts'
import { actingOn, catalogueWith, firing, OMAR, SARA } from './acting.ts'

const discardOf = (notificationId: string, quietFor?: number) =>
  ({
    action: 'discard',
    target: { notificationId },
    inputs: { reason: 'a drill', ...(quietFor === undefined ? {} : { quietFor }) },
  }) as const

describe.each(KINDS)('an action that needs two people, on %s', (kind) => {
  let database: Database
  beforeAll(async () => {
    database = await openMigrated(kind)
  })
  afterAll(() => database.close())

  it('is refused once an hour has passed without a second person, without a card, and not while it is younger', async () => {
    const { kysely } = database
    const followUp = vi.fn(async () => {})
    const { act, accept, getAction, listActions, parts } = actingOn(database, {
      catalogue: catalogueWith({ two_person: ['discard'] }),
      followUp,
    })
    const [old, young] = [await accept(firing()), await accept(firing())]
    const first = await act(discardOf(old.notificationId), SARA)
    const other = await act(discardOf(young.notificationId), SARA)
    await sql`UPDATE teams_actions SET requested_at = now() - interval '3601 seconds' WHERE id = ${first.id}`.execute(
      kysely,
    )
    await sql`UPDATE teams_actions SET requested_at = now() - interval '3500 seconds' WHERE id = ${other.id}`.execute(
      kysely,
    )
    const searches: (() => void)[] = []
    const clock: Clock = {
      ...systemClock,
      after(_ms, search) {
        searches.push(search)
        return () => {}
      },
    }
    const replicas = Array.from({ length: 2 }, () =>
      createOutsideActions({ kysely, parts, clock, log: createLog('silent'), metrics: createMetrics() }),
    )
    const stops = replicas.map((one) => one.start())
    for (const search of searches.splice(0)) search()
    await expect.poll(() => searches.length).toBe(2)
    for (const stop of stops) await stop()
    expect(await getAction(first.id)).toMatchObject({ state: 'refused', result: 'not_confirmed' })
    expect(await getAction(other.id)).toMatchObject({ state: 'requested', result: 'second_person_needed' })
    const { actions } = await listActions({ eventId: old.eventId, state: 'refused', limit: 10 })
    expect(actions.map(({ id }) => id)).toEqual([first.id])
    expect(followUp).not.toHaveBeenCalled()
    expect(await act(discardOf(young.notificationId), OMAR)).toMatchObject({ state: 'done' })
    expect(await act(discardOf(old.notificationId), OMAR)).toMatchObject({ state: 'requested' })
  })

  it('outside the gateway runs once, for the person who confirmed it, and never for the first alone', async () => {
    const ranFor: (string | null)[] = []
    const provider: ActionProvider = {
      action: 'retry',
      offers: () => ({ can: true }),
      run: async (_event, { actor }) => {
        ranFor.push(actor.name)
        return { state: 'done', data: null }
      },
    }
    const catalogue = catalogueWith({ two_person: ['retry'] })
    const { act, accept, getAction, enqueued, parts } = actingOn(database, { catalogue, providers: [provider] })
    const { kysely } = database
    const outside = createOutsideActions({
      kysely,
      parts,
      clock: systemClock,
      log: createLog('silent'),
      metrics: createMetrics(),
    })
    const { notificationId } = await accept(firing())
    const retry = { action: 'retry', target: { notificationId } } as const
    const first = await act(retry, SARA)
    expect(first).toMatchObject({ state: 'requested', result: 'second_person_needed' })
    expect(enqueued).toEqual([])
    expect(await findAbandoned(kysely, ['retry'], 0)).toEqual([])
    expect(await takeAction(kysely, first.id, 30)).toBeUndefined()
    await outside.run(first.id)
    expect(ranFor).toEqual([])
    const second = await act(retry, OMAR)
    expect(enqueued).toEqual([second.id])
    expect(await findAbandoned(kysely, ['retry'], 0)).toEqual([second.id])
    await outside.run(second.id)
    expect(ranFor).toEqual(['Omar'])
    expect([await getAction(first.id), await getAction(second.id)]).toMatchObject([
      { state: 'done' },
      { state: 'done' },
    ])
  })

  it('is not confirmed by the same person with an id in other letters', async () => {
    const { act, accept } = actingOn(database, { catalogue: catalogueWith({ two_person: ['discard'] }) })
    const { notificationId } = await accept(firing())
    const sara = (id: string) => relayedActor('http:flow', { id, name: 'Sara' })
    expect(await act(discardOf(notificationId), sara('sara@hospital.example'))).toMatchObject({ state: 'requested' })
    for (const id of ['Sara@hospital.example', 'SARA@HOSPITAL.EXAMPLE', 'sara@hospital.example'])
      expect(await act(discardOf(notificationId), sara(id))).toMatchObject({ state: 'refused', result: 'same_person' })
    expect(await act(discardOf(notificationId), sara('omar@hospital.example'))).toMatchObject({ state: 'done' })
  })

  it('is not confirmed elsewhere, where the same person has another id', async () => {
    const { act, accept } = actingOn(database, { catalogue: catalogueWith({ two_person: ['discard'] }) })
    const { notificationId } = await accept(firing())
    expect((await act(discardOf(notificationId), SARA)).state).toBe('requested')
    const relayed = relayedActor('http:flow', { id: 'sara@hospital.example', name: 'Sara' })
    expect(await act(discardOf(notificationId), relayed)).toMatchObject({
      state: 'refused',
      result: 'confirmed_elsewhere',
    })
    expect((await act(discardOf(notificationId), OMAR)).state).toBe('done')
    const { notificationId: other } = await accept(firing())
    expect((await act(discardOf(other), relayed)).state).toBe('requested')
    const anotherRelay = relayedActor('http:bot', { id: 'oid-of-sara', name: 'Sara' })
    expect(await act(discardOf(other), anotherRelay)).toMatchObject({ result: 'confirmed_elsewhere' })
  })

  it('shows the second person what the first asked for, and the first that another person has to confirm it', async () => {
    const followUp = vi.fn(async () => {})
    const { act, accept, getActionPage } = actingOn(database, {
      catalogue: catalogueWith({ two_person: ['discard'] }),
      followUp,
    })
    const { notificationId } = await accept(firing())
    const show = (actor: typeof SARA) => getActionPage(notificationId, 'discard', actor)
    expect(await show(OMAR)).toMatchObject({ possible: true, result: 'second_person_needed', data: null })
    await act(discardOf(notificationId, 3_600), SARA)
    const data = { by: 'Sara', at: expect.any(String), quiet_for: 3_600, tier: null }
    expect(await show(OMAR)).toMatchObject({ possible: true, result: 'second_person_needed', data })
    expect(await show(SARA)).toMatchObject({ possible: false, result: 'same_person', data })
    expect(await act(discardOf(notificationId, 3_600), OMAR)).toMatchObject({ state: 'done' })
    expect(followUp).toHaveBeenCalledExactlyOnceWith(expect.anything(), expect.objectContaining({ by: 'Sara + Omar' }))
  })

  it('is not confirmed with another time of quiet than the first person gave', async () => {
    const { act, accept } = actingOn(database, { catalogue: catalogueWith({ two_person: ['discard'] }) })
    const { notificationId } = await accept(firing())
    expect((await act(discardOf(notificationId, 3_600), SARA)).state).toBe('requested')
    for (const quietFor of [undefined, 86_400])
      expect(await act(discardOf(notificationId, quietFor), OMAR)).toMatchObject({
        state: 'refused',
        result: 'other_inputs',
        data: { by: 'Sara', quiet_for: 3_600, tier: null },
      })
    expect((await act(discardOf(notificationId, 3_600), OMAR)).state).toBe('done')
  })
})
