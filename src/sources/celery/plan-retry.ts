import type { ActionResult } from '../../contract/actions.ts'
import type { ResultRecord } from './result-record.ts'

/** A task to be queued again. */
export interface RetriedTask {
  readonly id: string
  readonly rootId: string
  /** The task that it follows; null where it keeps its id. */
  readonly parentId: string | null
  readonly name: string
  readonly queue: string
  /** JSON as it stood in the result record. */
  readonly args: string
  readonly kwargs: string
}

/** What to queue, or why nothing is. */
export type RetryPlan =
  | { readonly task: RetriedTask; readonly doneBefore: string | null }
  | { readonly refused: ActionResult }

const refused = (code: ActionResult): RetryPlan => ({ refused: code })

/**
 * Decides from its result record whether a task can be queued again.
 *
 * Only a task that failed keeps its id: workers discard an id that was revoked, and a record of SUCCESS is never written again. A
 * task that may be running is left alone, since Celery runs two messages with one id at once. A part of a group is, too: the
 * body of its chord has failed already, and would not run.
 *
 * @param options.retryTasks names of tasks that may be retried; a star at the end stands for any text
 * @param options.newId a new id, for a task that was revoked
 */
export function planRetry(
  taskId: string,
  record: ResultRecord | undefined,
  { retryTasks, newId }: { readonly retryTasks: readonly string[]; readonly newId: string },
): RetryPlan {
  if (record === undefined) return refused('task_record_missing')
  const { status, name, queue, args, kwargs, exception } = record
  if (exception === 'NotRegistered') return refused('task_not_registered')
  if (record.groupId !== null || exception === 'ChordError') return refused('task_in_group')
  if (status === 'SUCCESS') return refused('task_succeeded')
  if (status !== 'FAILURE' && status !== 'REVOKED') return refused('task_not_ended')
  if (name === null || queue === null || args === null || kwargs === null) return refused('task_arguments_missing')
  if (!isRetryTask(retryTasks, name)) return refused('task_not_listed')
  const id = status === 'REVOKED' ? newId : taskId
  return {
    task: { id, rootId: taskId, parentId: id === taskId ? null : taskId, name, queue, args, kwargs },
    doneBefore: id === taskId ? record.doneAt : null,
  }
}

/** Whether a task is on the list of those that may be retried. */
export function isRetryTask(retryTasks: readonly string[], name: string): boolean {
  return retryTasks.some((pattern) =>
    pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
  )
}

/** What the record of the new run says: it succeeded or failed; undefined while it has not ended. */
export function outcomeOf(
  record: ResultRecord | undefined,
  doneBefore: string | null,
): 'succeeded' | 'failed' | 'revoked' | undefined {
  if (record === undefined || record.doneAt === null || record.doneAt === doneBefore) return undefined
  if (record.status === 'SUCCESS') return 'succeeded'
  if (record.status === 'FAILURE') return 'failed'
  return record.status === 'REVOKED' ? 'revoked' : undefined
}
