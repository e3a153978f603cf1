import type { CeleryDefinition } from '../../catalogue/celery-definition.ts'
import type { Priority } from '../../catalogue/priority.ts'
import { celeryKey } from '../../contract/celery-keys.ts'
import type { JsonObject } from '../../kernel/json.ts'
import type { SourceEvent } from '../source.ts'
import { isTimeLimit } from './exception-class.ts'
import type { TaskEnd } from './task-memory.ts'

/** Shown for a task whose first events nobody saw, and which has no result record. */
export const UNKNOWN_TASK = '(unknown task)'

type Limits = Pick<CeleryDefinition, 'retries' | 'revoked' | 'deadLetterQueues'>

/** The event about the end of an attempt; undefined where the configuration asks for none. */
export function taskEvent(
  end: TaskEnd,
  definition: Limits,
  seenAt: Date,
  priority?: Priority,
): SourceEvent | undefined {
  const says = saysOf(end, definition)
  if (says === undefined) return undefined
  const { task, kind, attempt, worker } = end
  const data: JsonObject = {
    ...task.harmless,
    task_name: task.name ?? UNKNOWN_TASK,
    task_id: task.taskId,
    ...(task.queue === undefined ? {} : { queue: task.queue }),
    worker,
    ...(attempt === undefined ? {} : { retry_count: attempt }),
    error: says.error,
  }
  return {
    eventType: says.eventType,
    ...(priority === undefined ? {} : { priority }),
    data,
    correlationId: task.taskId,
    idempotencyKey: celeryKey(task.taskId, kind, attempt ?? 0),
    occurredAt: seenAt.toISOString(),
  }
}

function failureType(exception: string | undefined): SourceEvent['eventType'] {
  if (isTimeLimit(exception)) return 'celery.task.timeout'
  // The process that ran the task was killed: for Celery the task has failed.
  return exception === 'WorkerLostError' ? 'celery.task.lost' : 'celery.task.failed'
}

type Says = { readonly eventType: SourceEvent['eventType']; readonly error: string }

function saysOf({ kind, exception, expired, requeued }: TaskEnd, definition: Limits): Says | undefined {
  const error = exception ?? 'Exception'
  switch (kind) {
    case 'failed':
      return { eventType: failureType(exception), error }
    case 'retried':
      return definition.retries ? { eventType: 'celery.task.retry', error } : undefined
    case 'rejected':
      if (requeued !== undefined)
        return { eventType: 'celery.task.rejected', error: `Went back to its queue ${requeued} times, and runs again.` }
      // Where there is no dead-letter queue, as on Redis, the message is gone.
      return definition.deadLetterQueues.length > 0
        ? { eventType: 'celery.task.dlq', error: 'The worker rejected the message.' }
        : { eventType: 'celery.task.rejected', error: 'The worker rejected the message.' }
    case 'revoked':
      if (!definition.revoked) return undefined
      return expired
        ? { eventType: 'celery.task.expired', error: 'Expired in its queue.' }
        : { eventType: 'celery.task.revoked', error: 'Revoked.' }
    case 'lost':
      return { eventType: 'celery.task.lost', error: 'The worker is gone, and the task was started on it.' }
  }
}
