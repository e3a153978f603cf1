import type { CeleryDefinition } from '../../catalogue/celery-definition.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { SourceEvent } from '../source.ts'
import { createPending } from './pending.ts'
import type { Results } from './results.ts'
import { createStormLimit } from './storm.ts'
import { taskEvent } from './task-events.ts'
import type { TaskEnd, TaskMemory } from './task-memory.ts'

/** Records of tasks without a name that are asked for in one batch. */
const MOST_RECORDS = 50
/** Longest time that writing takes before the next look. */
const WRITING_MS = 3_000

/** Ends of tasks that wait to be written. */
export interface Reports {
  add(end: TaskEnd): void
  /** Makes the event of an end now; undefined where the configuration asks for none. */
  eventOf(end: TaskEnd, signal: AbortSignal): Promise<SourceEvent | undefined>
  /** Writes pending events in batches, until none is left or {@link WRITING_MS} have passed. Returns how many were dropped since the last call. */
  write(accept: (events: readonly SourceEvent[]) => Promise<void>, signal: AbortSignal): Promise<number>
}

/**
 * Makes the list of ends that wait, at most 10,000.
 *
 * @param results the result backend as of now; undefined where there is none
 */
export function createReports(parts: {
  readonly definition: CeleryDefinition
  readonly tasks: TaskMemory
  readonly results: () => Results | undefined
  readonly clock: Clock
}): Reports {
  const { definition, tasks, results, clock } = parts
  const priorityOf = createStormLimit()
  const pending = createPending<{ readonly end: TaskEnd; readonly seenAt: Date }>()

  /** Completes a task from events that came after its end, and one that nobody saw from its result record. */
  async function completed(end: TaskEnd, signal: AbortSignal, mayAsk: boolean): Promise<TaskEnd> {
    const task = { ...end.task, ...tasks.find(end.task.taskId) }
    const backend = task.name === undefined && mayAsk ? results() : undefined
    const record = await backend?.read(task.taskId, signal).catch(() => undefined)
    if (record === undefined) return { ...end, task }
    const { name, queue, retries } = record
    return {
      ...end,
      attempt: end.attempt ?? retries,
      task: { ...task, ...(name === undefined ? {} : { name }), ...(queue === undefined ? {} : { queue }) },
    }
  }

  function eventAt(end: TaskEnd, seenAt: Date): SourceEvent | undefined {
    return taskEvent(end, definition, seenAt, priorityOf(end, clock.now().getTime()))
  }

  return {
    add: (end) => pending.add({ end, seenAt: clock.now() }),
    eventOf: async (end, signal) => eventAt(await completed(end, signal, true), clock.now()),
    async write(accept, signal) {
      const from = performance.now()
      while (pending.size > 0 && !signal.aborted && performance.now() - from < WRITING_MS) {
        const batch = pending.batch()
        const events: SourceEvent[] = []
        let asked = 0
        for (const { end, seenAt } of batch) {
          if (end.task.name === undefined) asked += 1
          const event = eventAt(await completed(end, signal, asked <= MOST_RECORDS), seenAt)
          if (event !== undefined) events.push(event)
        }
        if (events.length > 0) await accept(events)
        pending.written(batch.length)
      }
      return pending.takeDropped()
    },
  }
}
