import type { Kysely } from 'kysely'
import { expect, it } from 'vitest'
import type { Channel } from '../../src/catalogue/catalogue.ts'
import { makeDigests } from '../../src/delivery/digest.ts'
import { tick } from '../../src/escalation/tick.ts'
import type { Tables } from '../../src/store/tables.ts'
import { inTransaction } from '../../src/store/transactions.ts'
import { KINDS, startedStore } from '../services/stores.ts'
import { cardsOf, entriesOf, escalationOf, minutesAfter, type World, worldOn } from './setup.ts'

/** Puts what waits for a channel into digests, and returns the events of the digests. */
async function digest({ db, wired }: World, key: string): Promise<readonly string[]> {
  const channel = wired.catalogue.channels.get(key) as Channel
  await inTransaction(db, (transaction) =>
    makeDigests(transaction, wired.catalogue, channel, 'ordinary', { atLeast: 2, cards: 10 }),
  )
  return eventsOfDigests(db, key)
}

async function eventsOfDigests(db: Kysely<Tables>, channel: string): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('teams_notifications')
    .select('event_id')
    .where('event_type', '=', 'gateway.digest')
    .where('channel', '=', channel)
    .where('escalation_step', 'is', null)
    .orderBy('id')
    .execute()
  return rows.map(({ event_id }) => event_id)
}

const MEDIUM = { eventType: 'celery.queue.backlog', stakeholders: ['runtime_eng'] }

it.each(KINDS)(
  'a digest climbs in place of its events, and ends when all of them are resolved, on %s',
  async (kind) => {
    const world = await worldOn(await startedStore(kind), {
      config: {
        event_types: {
          'celery.queue.backlog': {},
          'celery.queue.drained': {
            priority: 'INFO',
            stakeholders: ['runtime_eng'],
            card: 'system_alert',
            resolves: ['celery.queue.backlog'],
          },
        },
      },
    })
    const { db, options, send } = world
    const ids = [await send({ ...MEDIUM, correlationId: 'q-1' }), await send({ ...MEDIUM, correlationId: 'q-2' })]
    const [first = ''] = ids
    const { since } = await escalationOf(db, first)
    const [digestEvent = ''] = await digest(world, 'runtime_eng')
    for (const id of ids) {
      expect(await escalationOf(db, id)).toMatchObject({ state: 'ended', reason: 'digested', next_at: null })
      expect(await entriesOf(db, id)).toEqual(['escalation.started', 'escalation.ended'])
    }
    // As long as the first of its events has waited.
    expect(await escalationOf(db, digestEvent)).toMatchObject({ state: 'climbing', policy: 'medium', tier: 1, since })
    await send({ eventType: 'celery.queue.drained', correlationId: 'q-1' })
    expect(await tick(db, minutesAfter(since, 120), options)).toMatchObject({ due: 1 })
    expect(await cardsOf(db, digestEvent)).toEqual(['own runtime_eng pending', '2 nphies_integration pending'])

    await send({ eventType: 'celery.queue.drained', correlationId: 'q-2' })
    await tick(db, minutesAfter(since, 240), options)
    expect(await escalationOf(db, digestEvent)).toMatchObject({ state: 'ended', reason: 'resolved' })
  },
)

it('a digest of cards that tiers added leaves the escalations of their events as they are', async () => {
  const world = await worldOn(await startedStore('postgres'))
  const { db, options, send } = world
  const ids = [await send({ ...MEDIUM, correlationId: 'q-1' }), await send({ ...MEDIUM, correlationId: 'q-2' })]
  const [first = ''] = ids
  const { since } = await escalationOf(db, first)
  await tick(db, minutesAfter(since, 121), options)
  const [digestEvent = ''] = await digest(world, 'nphies_integration')
  expect(digestEvent).not.toBe('')
  for (const id of ids) expect(await escalationOf(db, id)).toMatchObject({ state: 'climbing', tier: 2 })
  const rows = await db.selectFrom('teams_escalations').select('event_id').execute()
  expect(rows.map(({ event_id }) => event_id).sort()).toEqual([...ids].sort())
})
