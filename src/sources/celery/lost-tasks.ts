import type { Results } from './results.ts'
import type { KnownTask, TaskEnd, TaskMemory } from './task-memory.ts'
import type { WorkersView } from './workers.ts'

/** Tasks of gone workers of one look: as many as one transaction takes beside the findings. */
const MOST_LOST = 800
/** States of a result record in which a task is not over. */
const UNFINISHED = ['STARTED', 'RECEIVED', 'PENDING', 'RETRY']

/**
 * Tasks that were started on workers that are gone. A task may have ended while nobody listened: its result record decides, where there is
 * one. A task with acks_late has been received by another worker meanwhile, where there is one. Without a record, a task that was started before the link was up is lost only if its worker was not heard since.
 *
 * @param linkUpAt since when events were heard without a gap
 */
export async function lostTasks(
  { gone }: Pick<WorkersView, 'gone'>,
  tasks: TaskMemory,
  results: Results | undefined,
  { linkUpAt, signal }: { readonly linkUpAt: number; readonly signal: AbortSignal },
): Promise<readonly TaskEnd[]> {
  const lost: TaskEnd[] = []
  for (const { worker, heard } of gone)
    for (const task of tasks.startedOn(worker)) {
      if (lost.length >= MOST_LOST) return lost
      const isSure = !heard || (task.startedAt ?? 0) > linkUpAt
      if (await isLost(task, isSure, results, signal)) lost.push({ kind: 'lost', task, attempt: task.retries, worker })
      tasks.forget(task.taskId)
    }
  return lost
}

async function isLost(
  { taskId }: KnownTask,
  isSure: boolean,
  results: Results | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  const record = await results?.read(taskId, signal).catch(() => undefined)
  return record === undefined ? isSure : UNFINISHED.includes(record.status)
}
