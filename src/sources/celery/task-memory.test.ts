import { expect, it } from 'vitest'
import type { TaskEvent, TaskStep } from './events.ts'
import { createStormLimit } from './storm.ts'
import { taskEvent } from './task-events.ts'
import { createTaskMemory } from './task-memory.ts'

const LIMITS = { retries: true, revoked: true, deadLetterQueues: [] }
const AT = new Date('2026-11-30T10:00:00Z')

function event(step: TaskStep, more: Partial<TaskEvent> = {}): TaskEvent {
  return { about: 'task', step, taskId: 'id-1', worker: 'celery@a', at: 0, ...more }
}

/** The events that the steps of one task make. */
function eventsOf(steps: readonly TaskEvent[], limits: Parameters<typeof taskEvent>[1] = LIMITS) {
  const tasks = createTaskMemory()
  return steps.flatMap((step) => {
    const end = tasks.note(step, 0)
    const made = end && taskEvent(end, limits, AT)
    return made === undefined ? [] : [{ type: made.eventType, key: made.idempotencyKey, data: made.data }]
  })
}

const SENT = event('sent', { name: 'tasks.submit', queue: 'claims', retries: 0, worker: 'gen1@web' })

it('a failed task has the name and the queue of its first events, and a key without the name of the source', () => {
  expect(
    eventsOf([SENT, event('received', { retries: 0 }), event('started'), event('failed', { exception: 'KeyError' })]),
  ).toEqual([
    {
      type: 'celery.task.failed',
      key: 'celery:id-1:failed:0',
      data: {
        task_name: 'tasks.submit',
        task_id: 'id-1',
        queue: 'claims',
        worker: 'celery@a',
        retry_count: 0,
        error: 'KeyError',
      },
    },
  ])
})

it('each attempt has its number, also where events of the next come before its own', () => {
  const keys = eventsOf([
    SENT,
    event('sent', { retries: 1 }),
    event('received', { retries: 1 }),
    event('started'),
    event('retried', { exception: 'NphiesError' }),
    event('sent', { retries: 2 }),
    event('retried', { exception: 'NphiesError' }),
    event('started'),
    event('failed', { exception: 'NphiesError' }),
  ]).map(({ type, key }) => `${type} ${key}`)
  expect(keys).toEqual([
    'celery.task.retry celery:id-1:retried:0',
    'celery.task.retry celery:id-1:retried:1',
    'celery.task.failed celery:id-1:failed:2',
  ])
})

it.each([
  ['celery.task.timeout', event('failed', { exception: 'TimeLimitExceeded' })],
  ['celery.task.timeout', event('failed', { exception: 'SoftTimeLimitExceeded' })],
  ['celery.task.lost', event('failed', { exception: 'WorkerLostError' })],
  ['celery.task.expired', event('revoked', { expired: true })],
  ['celery.task.revoked', event('revoked', { terminated: true })],
  ['celery.task.rejected', event('rejected')],
  ['celery.task.rejected', event('failed', { exception: 'Reject' })],
])('%s', (type, end) => {
  expect(eventsOf([end])).toMatchObject([{ type, data: { task_name: '(unknown task)' } }])
})

it('a rejected task is dead-lettered where there is a dead-letter queue, and not over where it goes back to its queue, unless that never ends', () => {
  const limits = { ...LIMITS, deadLetterQueues: ['dlq'] }
  expect(eventsOf([event('rejected')], limits)).toMatchObject([{ type: 'celery.task.dlq' }])
  const requeued = event('rejected', { requeue: true })
  expect(eventsOf(Array(4).fill(requeued), limits)).toEqual([])
  expect(eventsOf(Array(50).fill(requeued), limits)).toMatchObject([
    { type: 'celery.task.rejected', data: { error: 'Went back to its queue 5 times, and runs again.' } },
  ])
})

it('retries and revoked tasks are no events where the configuration says so', () => {
  const limits = { retries: false, revoked: false, deadLetterQueues: [] }
  expect(eventsOf([event('retried'), event('revoked', { expired: true })], limits)).toEqual([])
})

it('remembers a bounded number of tasks, and which were started on a worker', () => {
  const tasks = createTaskMemory(3)
  for (const taskId of ['1', '2', '3', '4']) tasks.note(event('started', { taskId }), 5)
  tasks.note(event('received', { taskId: '4' }), 6)
  tasks.note(event('succeeded', { taskId: '3' }), 6)
  // Given to another worker, which is not the one that is gone.
  tasks.note(event('received', { taskId: '2', worker: 'celery@b' }), 6)
  expect(tasks.size).toBe(2)
  expect(tasks.startedOn('celery@a').map(({ taskId }) => taskId)).toEqual(['4'])
  expect(tasks.startedBefore(6)).toHaveLength(2)
})

it('the first ten ends of a minute that are alike have the priority of their type, and the others MEDIUM', () => {
  const priorityOf = createStormLimit()
  const failed = (name: string) => ({
    kind: 'failed' as const,
    task: { taskId: 'x', step: 'failed' as const, name },
    attempt: 0,
    worker: 'celery@a',
  })
  const priorities = Array.from({ length: 1_000 }, () => priorityOf(failed('a'), 0))
  expect(priorities.filter((priority) => priority === undefined)).toHaveLength(10)
  expect(priorityOf(failed('b'), 0)).toBeUndefined()
  expect(priorityOf(failed('a'), 60_000)).toBeUndefined()
  // Names of tasks can be as many as there are tasks.
  for (let index = 0; index < 5_000; index += 1) priorityOf(failed(`t${index}`), 60_000)
  expect(priorityOf(failed('t4999'), 60_000)).toBe('MEDIUM')
})
