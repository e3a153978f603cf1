import { describe, expect, it } from 'vitest'
import type { FindingEvent } from '../../src/sources/finding-events.ts'
import type { Condition } from '../../src/sources/findings.ts'
import { poll } from '../../src/sources/poll.ts'
import {
  FencedOut,
  type Source,
  type SourceContext,
  type SourceEvent,
  SourceProblem,
} from '../../src/sources/source.ts'
import { KINDS, startedStore } from '../services/stores.ts'
import { createTestClock, sourcesOn } from './world.ts'

const EXHAUSTED: Condition<FindingEvent> = {
  finding: 'connections',
  subject: '',
  says: { eventType: 'postgres.connection.exhausted', data: { summary: 'full' } },
}

/** A source whose system the test is: what a look sees, or why it sees nothing. */
function systemOf(initial: readonly Condition<FindingEvent>[] | SourceProblem) {
  const system = { now: initial, looks: 0 }
  const source: Pick<Source, 'run'> = {
    run: (context) =>
      poll(context, {
        name: 'claims_db',
        intervalMs: 30_000,
        openAfterMs: 0,
        closeAfterMs: 0,
        async look() {
          system.looks += 1
          if (system.now instanceof SourceProblem) throw system.now
          return { conditions: system.now }
        },
        over: () => ({ eventType: 'postgres.connection.recovered', data: { summary: 'fine' } }),
        more: (finding, count) => ({
          eventType: 'postgres.connection.exhausted',
          data: { summary: `${count} ${finding}` },
        }),
      }),
  }
  return { system, source }
}

/** A source that does nothing by itself; the test uses its contexts. */
function idleSource() {
  const contexts: SourceContext[] = []
  const source: Pick<Source, 'run'> = {
    run: (context) => {
      contexts.push(context)
      return new Promise((resolve) => context.signal.addEventListener('abort', () => resolve()))
    },
  }
  return { contexts, source }
}

const event: SourceEvent = {
  eventType: 'postgres.connection.exhausted',
  correlationId: 'claims_db.connections',
  idempotencyKey: 'k1',
  data: { component: 'claims_db', summary: 'full' },
}

describe.each(KINDS)('a source on %s', (kind) => {
  it('that is away for an hour costs one event, and one when it is back, which resolves it', async () => {
    const world = await sourcesOn(await startedStore(kind))
    const { clock, pass, waiting } = createTestClock()
    const { system, source } = systemOf([])
    world.start(source, clock)
    await waiting(2)
    system.now = new SourceProblem('not_reached')
    for (let minutes = 0; minutes < 60; minutes++) {
      pass(60)
      await waiting(2)
    }
    expect(system.looks).toBe(61)
    expect(await world.events()).toEqual(['gateway.source.blind'])
    expect(await world.row()).toMatchObject({ code: 'not_reached', blind_since: expect.any(Date) })
    system.now = []
    pass(60)
    await waiting(2)
    pass(60)
    await waiting(2)
    expect(await world.events()).toEqual(['gateway.source.blind', 'gateway.source.recovered'])
    expect(await world.row()).toMatchObject({ code: null, unseen_since: null, blind_since: null })
    expect(await world.kysely.selectFrom('teams_resolutions').select('event_type').execute()).toEqual([
      { event_type: 'gateway.source.blind' },
    ])
    expect(world.logged().filter((name) => name === 'source_blind' || name === 'source_recovered')).toHaveLength(2)
  })

  it('makes no event again after a restart, and ends what ended while it was away', async () => {
    const world = await sourcesOn(await startedStore(kind))
    const { clock, waiting } = createTestClock()
    const { system, source } = systemOf([EXHAUSTED])
    const stop = world.start(source, clock)
    await waiting(2)
    await stop()
    expect(await world.row()).toMatchObject({ holder: null, lease_until: null })
    const stopAgain = world.start(source, clock)
    await waiting(2)
    await stopAgain()
    expect(await world.events()).toEqual(['postgres.connection.exhausted'])
    system.now = []
    world.start(source, clock)
    await waiting(2)
    expect(await world.events()).toEqual(['postgres.connection.exhausted', 'postgres.connection.recovered'])
    expect(await world.row()).toMatchObject({ checkpoint: { findings: [] } })
  })

  it('that was fenced out writes nothing when it comes back', async () => {
    const world = await sourcesOn(await startedStore(kind))
    const [first, second] = [createTestClock(), createTestClock()]
    const [suspended, other] = [idleSource(), idleSource()]
    world.start(suspended.source, first.clock, 'replica-1')
    await first.waiting(1)
    await suspended.contexts[0]?.accept([], { checkpoint: { read: 1 } })
    world.start(other.source, second.clock, 'replica-2')
    await second.waiting(1)
    expect(other.contexts).toHaveLength(0)
    await world.endLease()
    second.pass(5)
    await second.waiting(1)
    expect(other.contexts[0]?.checkpoint).toEqual({ read: 1 })
    await other.contexts[0]?.accept([], { checkpoint: { read: 2 } })

    const late = suspended.contexts[0]?.accept([event], { checkpoint: { read: 99 } })
    await expect(late).rejects.toBeInstanceOf(FencedOut)
    expect(suspended.contexts[0]?.signal.aborted).toBe(true)
    expect(await world.events()).toEqual([])
    expect(await world.row()).toMatchObject({ holder: 'replica-2', fence: 2, checkpoint: { read: 2 } })
    // Its next try to take the source finds that another has it.
    first.pass(5)
    await first.waiting(1)
    expect(suspended.contexts).toHaveLength(1)
  })

  it('writes its checkpoint and its events together, or neither', async () => {
    const world = await sourcesOn(await startedStore(kind))
    const { clock, waiting } = createTestClock()
    const { contexts, source } = idleSource()
    world.start(source, clock)
    await waiting(1)
    const [context] = contexts
    await context?.accept([event], { checkpoint: { read: 1 } })
    const refused = context?.accept([event, { ...event, data: {} }], { checkpoint: { read: 2 } })
    await expect(refused).rejects.toMatchObject({ code: 'invalid_event' })
    // The same thing seen again, measured differently, is the same event.
    await context?.accept([{ ...event, data: { ...event.data, value: 7 } }], { checkpoint: { read: 3 } })
    expect(await world.events()).toEqual(['postgres.connection.exhausted'])
    expect(await world.row()).toMatchObject({ checkpoint: { read: 3 } })
  })

  it('that throws is started again from its checkpoint, and is reported as blind in the end', async () => {
    const world = await sourcesOn(await startedStore(kind))
    const { clock, pass, waiting } = createTestClock()
    const checkpoints: unknown[] = []
    world.start(
      {
        async run(context) {
          checkpoints.push(context.checkpoint)
          await context.accept([], { checkpoint: { runs: checkpoints.length } })
          throw new Error('a bug')
        },
      },
      clock,
    )
    const later = async () => {
      await waiting(1)
      pass(30)
      return world.events()
    }
    await expect.poll(later, { timeout: 20_000 }).toEqual(['gateway.source.blind'])
    expect(checkpoints.slice(0, 2)).toEqual([{}, { runs: 1 }])
    expect(await world.row()).toMatchObject({ code: 'failed' })
  })

  it('that hangs is reported as blind', async () => {
    const world = await sourcesOn(await startedStore(kind))
    const { clock, pass, waiting } = createTestClock()
    const { source } = idleSource()
    world.start(source, clock)
    await waiting(1)
    pass(59)
    await waiting(1)
    expect(await world.events()).toEqual([])
    pass(5)
    await waiting(1)
    expect(await world.events()).toEqual(['gateway.source.blind'])
  })

  it('that hangs after it has seen its system is reported as blind, until it sees again', async () => {
    const world = await sourcesOn(await startedStore(kind))
    const { clock, pass, waiting } = createTestClock()
    const { contexts, source } = idleSource()
    world.start(source, clock)
    await waiting(1)
    await contexts[0]?.saw()
    pass(59)
    await waiting(1)
    expect(await world.events()).toEqual([])
    pass(5)
    await waiting(1)
    expect(await world.events()).toEqual(['gateway.source.blind'])
    await contexts[0]?.saw()
    expect(await world.events()).toEqual(['gateway.source.blind', 'gateway.source.recovered'])
  })

  it('is not blind because the clock was set or the process suspended', async () => {
    const world = await sourcesOn(await startedStore(kind))
    const { clock, pass, waiting } = createTestClock()
    const { contexts, source } = idleSource()
    let setByMs = 0
    world.start(source, clock, 'replica-1', () => clock.now().getTime() - setByMs)
    await waiting(1)
    await contexts[0]?.saw()
    setByMs = 3_600_000
    pass(3_600)
    await waiting(1)
    expect(await world.events()).toEqual([])
    contexts[0]?.couldNotSee('no_answer')
    setByMs += 3_600_000
    pass(3_600)
    await waiting(1)
    expect(await world.events()).toEqual([])
    pass(61)
    await waiting(1)
    expect(await world.events()).toEqual(['gateway.source.blind'])
  })

  it('whose events are refused looks at each interval and counts as one that does not see', async () => {
    const world = await sourcesOn(await startedStore(kind))
    const { clock, pass, waiting } = createTestClock()
    const { system, source } = systemOf([{ ...EXHAUSTED, says: { ...EXHAUSTED.says, data: {} } }])
    world.start(source, clock)
    await waiting(2)
    for (let look = 0; look < 3; look++) {
      pass(30)
      await waiting(2)
    }
    expect(system.looks).toBe(4)
    expect(await world.events()).toEqual(['gateway.source.blind'])
    expect(world.logged().filter((name) => name === 'source_event_refused')).toHaveLength(1)
    system.now = [EXHAUSTED]
    pass(30)
    await waiting(2)
    expect(await world.events()).toEqual([
      'gateway.source.blind',
      'postgres.connection.exhausted',
      'gateway.source.recovered',
    ])
  })

  it('that does not stop delays the end of the gateway by no more than its lease', async () => {
    const world = await sourcesOn(await startedStore(kind))
    const { clock, pass, waiting } = createTestClock()
    const stop = world.start({ run: () => new Promise(() => {}) }, clock)
    await waiting(1)
    const stopping = stop()
    await waiting(1)
    pass(15)
    await stopping
    expect(world.logged()).toContain('source_hangs')
    expect(await world.row()).toMatchObject({ holder: null, lease_until: null })
  })

  it.each(['claims_db.connections', 'claims_db.slot.dbz_patient_2024'])(
    'resolves its own events, and no caller does: %s',
    async (correlationId) => {
      const world = await sourcesOn(await startedStore(kind))
      const { clock, waiting } = createTestClock()
      const { contexts, source } = idleSource()
      world.start(source, clock)
      await waiting(1)
      const end = { ...event, correlationId, eventType: 'postgres.connection.recovered' } as const
      await contexts[0]?.accept([{ ...event, correlationId }], { checkpoint: {} })
      const byCaller = { eventType: end.eventType, correlationId, data: end.data }
      await world.wired.service.accept([byCaller], 'http:mallory')
      expect(await world.ended()).toEqual([])
      const recovered = { ...byCaller, eventType: 'gateway.source.recovered' }
      await expect(world.wired.service.accept([recovered], 'http:mallory')).rejects.toMatchObject({
        code: 'invalid_event',
      })
      await contexts[0]?.accept([{ ...end, idempotencyKey: 'k2' }], { checkpoint: {} })
      expect(await world.ended()).toEqual([event.eventType])
    },
  )

  it('that the configuration has no more is ended, once no replica has run it for ten minutes', async () => {
    const world = await sourcesOn(await startedStore(kind))
    const { clock, pass, waiting } = createTestClock()
    const { system, source } = systemOf([EXHAUSTED])
    const stop = world.start(source, clock)
    await waiting(2)
    system.now = new SourceProblem('not_reached')
    for (const seconds of [30, 60]) {
      pass(seconds)
      await waiting(2)
    }
    await stop()
    const open = ['postgres.connection.exhausted', 'gateway.source.blind']
    pass(900)
    await world.endRemoved(new Map([['claims_db', { kind: 'postgres' }]]), clock)()
    expect(await world.events()).toEqual(open)
    pass(-900)
    world.endRemoved(new Map(), clock)
    await waiting(1)
    expect(await world.events()).toEqual(open)
    pass(900)
    await expect
      .poll(world.events, { timeout: 20_000 })
      .toEqual([...open, 'postgres.connection.recovered', 'gateway.source.recovered'])
    expect(await world.ended()).toEqual(open.toSorted())
    await expect.poll(() => world.row()).toMatchObject({ checkpoint: {}, blind_since: null, holder: null })
  })
})
