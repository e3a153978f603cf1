import { expect, it } from 'vitest'
import type { CeleryDefinition } from '../../catalogue/celery-definition.ts'
import type { SourceEvent } from '../source.ts'
import { lostTasks } from './lost-tasks.ts'
import { createReports } from './reports.ts'
import type { ResultRecord, Results } from './results.ts'
import { createTaskMemory } from './task-memory.ts'

const { signal } = new AbortController()
const clock = { now: () => new Date(0), after: () => () => {} }
const definition = { retries: true, revoked: true, deadLetterQueues: [] as readonly string[] } as CeleryDefinition

function backendOf(records: readonly ResultRecord[]): Results {
  return {
    read: async (taskId) => records.find((record) => record.taskId === taskId),
    async ping() {},
    problem: undefined,
    close() {},
  }
}

it('a thousand failures a second for a minute wait in bounded memory, are written in batches, and are counted beyond', async () => {
  const tasks = createTaskMemory()
  const reports = createReports({ definition, tasks, results: () => undefined, clock })
  const batches: (readonly SourceEvent[])[] = []
  let lost = 0
  // The database takes 500 events in the time of 1,000.
  const accept = async (events: readonly SourceEvent[]) => void batches.push(events)
  for (let index = 0; index < 60_000; index += 1) {
    const event = {
      about: 'task',
      step: 'failed',
      taskId: `t${index}`,
      worker: 'a',
      at: 0,
      name: 'tasks.submit',
    } as const
    const end = tasks.note(event, 0)
    if (end !== undefined) reports.add(end)
  }
  lost += await reports.write(accept, signal)
  const events = batches.flat()
  expect(lost + events.length).toBe(60_000)
  expect(events).toHaveLength(10_000)
  expect(Math.max(...batches.map((batch) => batch.length))).toBe(500)
  expect(tasks.size).toBe(20_000)
})

it('a task whose first events nobody saw has its name, queue and retries from its result record', async () => {
  const backend = backendOf([{ taskId: 't1', status: 'FAILURE', name: 'tasks.submit', queue: 'claims', retries: 2 }])
  const reports = createReports({ definition, tasks: createTaskMemory(), results: () => backend, clock })
  const task = { taskId: 't1', step: 'failed' } as const
  expect(await reports.eventOf({ kind: 'failed', task, attempt: undefined, worker: 'a' }, signal)).toMatchObject({
    idempotencyKey: 'celery:t1:failed:2',
    data: { task_name: 'tasks.submit', queue: 'claims', retry_count: 2 },
  })
})

it('a started task of a worker that is gone is lost, unless its record says that it is over, or nobody can know', async () => {
  const lostOf = async (heard: boolean, records: readonly ResultRecord[]) => {
    const tasks = createTaskMemory()
    for (const [taskId, startedAt] of [
      ['before', 1],
      ['after', 3],
    ] as const)
      tasks.restore({ taskId, step: 'started', worker: 'a', startedAt })
    const gone = [{ worker: 'a', heard }]
    const lost = await lostTasks({ gone }, tasks, backendOf(records), { linkUpAt: 2, signal })
    expect(tasks.startedOn('a')).toEqual([])
    return lost.map(({ task }) => task.taskId)
  }
  expect(await lostOf(false, [])).toEqual(['before', 'after'])
  expect(await lostOf(true, [])).toEqual(['after'])
  expect(await lostOf(true, [{ taskId: 'before', status: 'STARTED' }])).toEqual(['before', 'after'])
  expect(await lostOf(false, [{ taskId: 'after', status: 'SUCCESS' }])).toEqual(['before'])
})
