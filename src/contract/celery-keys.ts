/** What became of one attempt of a task, as the idempotency key of its event says it. A task that timed out has failed. */
export type CeleryKind = 'failed' | 'retried' | 'revoked' | 'rejected' | 'lost'

const KEY = /^celery:[\x21-\x7e]{1,255}:(failed|retried|revoked|rejected|lost):\d{1,7}$/

/**
 * The idempotency key of an event about a Celery task: `celery:<task id>:<kind>:<retries>`, where the number of retries is that of the
 * attempt, 0 for the first. The Python client (`clients/python/`) gives the same: whichever reports first makes the event, and the other
 * is its duplicate.
 */
export function celeryKey(taskId: string, kind: CeleryKind, retries: number): string {
  return `celery:${taskId}:${kind}:${retries}`
}

/**
 * True for a key that all callers and sources share, though its content differs by who reports: that of {@link celeryKey}, and only in an
 * event about a task, so that nobody takes keys of other events away.
 */
export function isCeleryKey(key: string, eventType: string): boolean {
  return eventType.startsWith('celery.task.') && KEY.test(key)
}
