import { describe, expect, it } from 'vitest'
import type { CeleryDefinition } from '../../catalogue/celery-definition.ts'
import { conditionsOf } from './conditions.ts'
import { missingEvents } from './missing-events.ts'
import { createQueues, type QueueFigures } from './queues.ts'

const claims = (waiting: number, more: Partial<QueueFigures> = {}): QueueFigures => ({
  queue: 'claims',
  exists: true,
  waiting,
  consumers: 1,
  ...more,
})

describe('a queue', () => {
  it('grows by so many tasks a minute, once it was looked at for one', () => {
    const queues = createQueues(['claims'])
    expect(queues.look([claims(0)], 0)).toMatchObject([{ perMinute: undefined }])
    expect(queues.look([claims(100)], 30_000)).toMatchObject([{ perMinute: undefined }])
    expect(queues.look([claims(300)], 120_000)).toMatchObject([{ perMinute: 150 }])
    // The clock was set back.
    expect(queues.look([claims(300)], 60_000)).toMatchObject([{ perMinute: 300 }])
  })

  it('has a task as old as the one that was sent so many before the last', () => {
    const queues = createQueues(['claims'])
    for (let second = 0; second < 100; second += 1) queues.sent('claims', second * 1000)
    queues.sent('other', 0)
    expect(queues.look([claims(1)], 100_000)).toMatchObject([{ oldestSeconds: 1 }])
    expect(queues.look([claims(50)], 100_000)).toMatchObject([{ oldestSeconds: 50 }])
    expect(queues.look([claims(500)], 100_000)).toMatchObject([{ oldestSeconds: 100 }])
    expect(queues.look([claims(0)], 100_000)).toMatchObject([{ oldestSeconds: undefined }])
  })
})

const DEFINITION = {
  backlog: 10,
  backlogPerMinute: 5,
  backlogSeconds: 60,
  deadLetters: 3,
} as CeleryDefinition
const NOBODY = { online: [], offline: [], gone: [], drifting: [] }
const view = (figures: QueueFigures) => ({ ...figures, perMinute: undefined, oldestSeconds: undefined })

describe('what is wrong', () => {
  const of = (seen: Partial<Parameters<typeof conditionsOf>[0]>) =>
    conditionsOf(
      { workers: NOBODY, queues: [], deadLetters: [], missing: undefined, dropped: 0, ...seen },
      DEFINITION,
    ).map(({ finding, subject, says }) => `${finding}/${subject}: ${says.data.summary}`)

  it('with a queue', () => {
    expect(of({ queues: [view(claims(9))] })).toEqual([])
    expect(of({ queues: [view(claims(9, { consumers: undefined }))] })).toEqual([])
    expect(of({ queues: [{ ...claims(10, { consumers: 0 }), perMinute: 5, oldestSeconds: 60 }] })).toEqual([
      'unattended/claims: No worker consumes claims, and 10 tasks wait.',
      'backlog/claims: 10 tasks wait in claims.',
      'growth/claims: claims grows by 5 tasks a minute, and has 10.',
      'age/claims: The oldest of 10 tasks in claims waits for 60 s.',
    ])
    expect(of({ queues: [view(claims(0, { exists: false, consumers: 0 }))] })).toEqual([
      'unattended/claims: There is no queue claims.',
    ])
    expect(of({ deadLetters: [view(claims(3, { queue: 'dlq', consumers: 0 }))] })).toEqual([
      'dead_letters/dlq: 3 messages are in dlq.',
    ])
  })

  it('with workers is one finding for all of them', () => {
    const offline = Array.from({ length: 12 }, (_, index) => `celery@${index}`)
    expect(of({ workers: { ...NOBODY, online: ['celery@x'], offline: offline.slice(0, 3) } })).toEqual([
      'workers/: 3 of 4 workers are offline: celery@0, celery@1, celery@2.',
    ])
    expect(of({ workers: { ...NOBODY, offline } })).toEqual([
      expect.stringMatching(/^workers\/: 12 of 12 workers are offline: .*celery@9, and 2 more\.$/),
      'no_worker/: None of 12 workers is online.',
    ])
  })
})

it('events count as missing where tasks move and no worker reports them, and where none arrives though workers consume', () => {
  const seen = { now: 200_000, linkUpAt: 0, eventAt: 199_000, taskEventAt: 0, movedAt: 150_000, figures: [claims(1)] }
  expect(missingEvents(seen)).toBe('switched_off')
  expect(missingEvents({ ...seen, movedAt: undefined })).toBeUndefined()
  expect(missingEvents({ ...seen, taskEventAt: 150_000 })).toBeUndefined()
  expect(missingEvents({ ...seen, linkUpAt: 100_000 })).toBeUndefined()
  expect(missingEvents({ ...seen, eventAt: 0 })).toBe('none_at_all')
  expect(missingEvents({ ...seen, eventAt: 0, figures: [claims(1, { consumers: 0 })] })).toBe('switched_off')
})
