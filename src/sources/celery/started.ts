import { isObject, type Json, type JsonObject } from '../../kernel/json.ts'
import type { KnownTask } from './task-memory.ts'

/** Started tasks that a checkpoint has: those that run longest, which a restart of the gateway is most likely to meet. */
const MOST_STARTED = 200

/** Started tasks as they stand in the checkpoint. Their harmless arguments are left out: they are short-lived, and the card can do without. */
export function saveStarted(tasks: readonly KnownTask[]): readonly JsonObject[] {
  return tasks.slice(0, MOST_STARTED).map(({ taskId, name, queue, worker, retries }) => ({
    task_id: taskId,
    ...(name === undefined ? {} : { name }),
    ...(queue === undefined ? {} : { queue }),
    ...(worker === undefined ? {} : { worker }),
    ...(retries === undefined ? {} : { retries }),
  }))
}

/** Reads the started tasks of a checkpoint; entries that are none are left out. */
export function readStarted(saved: Json | undefined, now: number): readonly KnownTask[] {
  return (Array.isArray(saved) ? saved : []).slice(0, MOST_STARTED).flatMap((entry: Json): readonly KnownTask[] => {
    if (!isObject(entry)) return []
    const { task_id: taskId, name, queue, worker, retries } = entry
    if (typeof taskId !== 'string') return []
    return [
      {
        taskId,
        step: 'started',
        startedAt: now,
        ...(typeof name === 'string' ? { name } : {}),
        ...(typeof queue === 'string' ? { queue } : {}),
        ...(typeof worker === 'string' ? { worker } : {}),
        ...(typeof retries === 'number' ? { retries } : {}),
      },
    ]
  })
}
