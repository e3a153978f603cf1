import { readFileSync } from 'node:fs'
import { type Kysely, sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import type { Channel } from '../../src/catalogue/catalogue.ts'
import { makeDigests } from '../../src/delivery/digest.ts'
import { endResolved, resolveMembersAlerts, tick } from '../../src/escalation/tick.ts'
import { insertPagerAlerts, readPagerAlerts, updatePagerAlerts } from '../../src/store/pager-alerts.ts'
import type { Tables } from '../../src/store/tables.ts'
import { inTransaction } from '../../src/store/transactions.ts'
import { SARA } from '../actions/acting.ts'
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

/** With a type of event that resolves those of {@link MEDIUM}. */
const config = {
  event_types: {
    'celery.queue.backlog': {},
    'celery.queue.drained': {
      priority: 'INFO',
      stakeholders: ['runtime_eng'],
      card: 'system_alert',
      resolves: ['celery.queue.backlog'],
    },
  },
} as const

it.each(KINDS)(
  'a digest climbs in place of its events, and ends when all of them are resolved, on %s',
  async (kind) => {
    const world = await worldOn(await startedStore(kind), { config })
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

/** The rows of the table of docs/guides/acting.md about digests: actions, and the state of the digest's escalation after them. */
function meanings(): readonly (readonly [string, string])[] {
  const page = readFileSync(new URL('../../docs/guides/acting.md', import.meta.url), 'utf8')
  const [, table = ''] = page.split(/\| its escalation *\|\n/)
  return (table.split('\n\n')[0] ?? '')
    .split('\n')
    .slice(1)
    .map((line) => {
      const [, actions = '', state = ''] = line.split('|').map((cell) => cell.trim().replaceAll('`', ''))
      return [actions, state] as const
    })
}

/** A digest of two events, `q-1` and `q-2`, in the channel of their group. */
async function digestOfTwo(world: World, correlationId = 'q') {
  const ids = [
    await world.send({ ...MEDIUM, correlationId: `${correlationId}-1` }),
    await world.send({ ...MEDIUM, correlationId: `${correlationId}-2` }),
  ] as const
  const { since, event_created_at: createdAt } = await escalationOf(world.db, ids[0])
  const event = (await digest(world, 'runtime_eng')).at(-1) ?? ''
  return { ids, since, createdAt, event }
}

describe.each(KINDS)('a digest on the %s database', (kind) => {
  it('climbs as docs/guides/acting.md says', async () => {
    expect(meanings().length).toBeGreaterThan(10)
    const world = await worldOn(await startedStore(kind))
    for (const [index, [actions, state]] of meanings().entries()) {
      const { ids, event } = await digestOfTwo(world, `row-${index}`)
      const targets: Readonly<Record<string, readonly string[]>> = { one: [ids[0]], each: ids, 'the digest': [event] }
      for (const step of actions.split(', ')) {
        const [action = '', ...on] = step.split(' ')
        for (const eventId of targets[on.join(' ')] ?? expect.fail(step))
          await world.wired.service.act({ action, eventId, reason: 'a drill' }, SARA)
      }
      expect.soft(await escalationOf(world.db, event), actions).toMatchObject({ state })
    }
  })

  it('stops at its next tier where the last open event that nobody had acknowledged was resolved', async () => {
    const world = await worldOn(await startedStore(kind), { config })
    const { db, options, wired, send, told } = world
    const { ids, since, event } = await digestOfTwo(world)
    await wired.service.act({ action: 'acknowledge', eventId: ids[0] }, SARA)
    await send({ eventType: 'celery.queue.drained', correlationId: 'q-2' })
    await tick(db, minutesAfter(since, 121), options)
    const { acknowledged_at: at } = await db
      .selectFrom('teams_notifications')
      .select('acknowledged_at')
      .where('event_id', '=', ids[0])
      .executeTakeFirstOrThrow()
    expect(await escalationOf(db, event)).toMatchObject({ state: 'acknowledged', since: at })
    expect(await cardsOf(db, event)).toEqual(['own runtime_eng pending'])
    expect(told).toEqual([`acknowledge ${event}`])
  })

  it('ends after its last tier where no event in it is open any more', async () => {
    const world = await worldOn(await startedStore(kind), { config })
    const { db, options, send, told } = world
    const { since, event } = await digestOfTwo(world)
    for (const minutes of [121, 242]) await tick(db, minutesAfter(since, minutes), options)
    expect(await escalationOf(db, event)).toMatchObject({ state: 'climbing', next_at: null })
    await send({ eventType: 'celery.queue.drained', correlationId: 'q-1' })
    expect(await endResolved(db, minutesAfter(since, 300), options)).toBe(0)
    await send({ eventType: 'celery.queue.drained', correlationId: 'q-2' })
    expect(await endResolved(db, minutesAfter(since, 300), options)).toBe(1)
    expect(await escalationOf(db, event)).toMatchObject({ state: 'ended', reason: 'resolved' })
    expect(told).toEqual([`resolve ${event}`])
  })

  it.each([
    ['an acknowledgement of the digest', 'acknowledge', 'acknowledge'],
    ['a discard of the digest', 'discard', 'resolve'],
    ['the resolution of the event', undefined, 'resolve'],
  ] as const)('has the alert of an event from before told by %s', async (_, action, wanted) => {
    const world = await worldOn(await startedStore(kind), { config })
    const { db, options, wired, send } = world
    const { ids, createdAt, event } = await digestOfTwo(world)
    await insertPagerAlerts(db, [
      { eventId: ids[0], eventCreatedAt: createdAt, pager: 'oncall', fingerprint: null, tier: 2 },
    ])
    await sql`UPDATE teams_pager_alerts SET state = 'opened', told = 'trigger', attempts = 1`.execute(db)
    if (action) await wired.service.act({ action, eventId: event, reason: 'a drill' }, SARA)
    else await send({ eventType: 'celery.queue.drained', correlationId: 'q-1' })
    const real: typeof options = { ...options, tellPagers: updatePagerAlerts }
    expect(await resolveMembersAlerts(db, real)).toBe(action ? 0 : 1)
    expect(await resolveMembersAlerts(db, real)).toBe(0)
    expect(await readPagerAlerts(db, ids)).toMatchObject([{ eventId: ids[0], state: 'opened', wanted }])
  })
})

it('a digest stops where its two events are acknowledged at the same time', async () => {
  const world = await worldOn(await startedStore('postgres'))
  const { ids, event } = await digestOfTwo(world)
  await Promise.all(ids.map((eventId) => world.wired.service.act({ action: 'acknowledge', eventId }, SARA)))
  expect(await escalationOf(world.db, event)).toMatchObject({ state: 'acknowledged' })
})
