import { setTimeout } from 'node:timers/promises'
import { outcomeOf } from '../../sources/celery/plan-retry.ts'
import { isQueued } from '../../sources/celery/publish-task.ts'
import { textOf } from '../../sources/celery/redis-connection.ts'
import { type ResultRecord, readRecord, recordKey } from '../../sources/celery/result-record.ts'
import { SourceProblem } from '../../sources/source.ts'
import type { RequeuedTask } from '../../store/requeued-tasks.ts'
import { StillRunning } from '../provider.ts'
import type { CeleryTarget } from './target.ts'

/** Pause between two reads of the result record: of a task that takes longer, they are rarer. */
const POLL_MS = 1_000
const LATER_POLL_MS = 10_000
const LATER_MS = 60_000
/** How long a task is followed. */
export const FOLLOW_MS = 3_600_000
/** How long a task is looked for of which it is not known whether it was published. */
const LOOK_MS = 60_000

/** Reads the result record of a task; undefined where there is none. @throws SourceProblem */
export async function readResult(
  { definition, connections }: CeleryTarget,
  taskId: string,
  signal: AbortSignal,
): Promise<ResultRecord | undefined> {
  const results = await connections.results(signal)
  if (results === undefined) return undefined
  try {
    const text = textOf(await results.ask(['GET', recordKey(definition.results?.keyPrefix ?? '', taskId)], signal))
    return text === undefined ? undefined : readRecord(text)
  } finally {
    results.close()
  }
}

/**
 * Waits until a task that was queued again has ended, by its result record.
 *
 * @returns undefined where it has not within `forMs`, an hour
 * @throws StillRunning once the signal is aborted
 */
export async function followTask(
  target: CeleryTarget,
  { newTaskId, doneBefore }: RequeuedTask,
  signal: AbortSignal,
  forMs: number = FOLLOW_MS,
): Promise<'succeeded' | 'failed' | 'revoked' | undefined> {
  return polled(forMs, signal, async () => outcomeOf(await readResult(target, newTaskId, signal), doneBefore))
}

/**
 * Looks for a task that may have been published: in its queue, at a worker, or in its record.
 *
 * @returns false where nothing of it was seen within a minute
 * @throws StillRunning once the signal is aborted
 */
export async function lookForTask(
  target: CeleryTarget,
  { taskId, newTaskId, queue, doneBefore }: RequeuedTask,
  signal: AbortSignal,
): Promise<boolean> {
  const found = await polled(LOOK_MS, signal, async () => {
    const record = await readResult(target, newTaskId, signal)
    if (record !== undefined && (newTaskId !== taskId || record.doneAt !== doneBefore)) return true
    const broker = await target.connections.broker(signal)
    try {
      return (await isQueued(broker, target.definition, { taskId: newTaskId, queue }, signal)) || undefined
    } finally {
      broker.close()
    }
  })
  return found ?? false
}

/** Asks again and again until there is an answer. A server that does not answer is asked again. */
async function polled<T>(
  forMs: number,
  signal: AbortSignal,
  ask: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const begun = performance.now()
  for (;;) {
    if (signal.aborted) throw new StillRunning()
    try {
      const answer = await ask()
      if (answer !== undefined) return answer
    } catch (error) {
      if (!(error instanceof SourceProblem)) throw error
    }
    const passed = performance.now() - begun
    if (passed > forMs) return undefined
    await setTimeout(passed < LATER_MS ? POLL_MS : LATER_POLL_MS, undefined, { signal }).catch(() => undefined)
  }
}
