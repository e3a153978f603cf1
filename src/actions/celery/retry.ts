import { randomUUID } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { ActionResult } from '../../contract/actions.ts'
import { isRetryTask, planRetry } from '../../sources/celery/plan-retry.ts'
import { publishTask, whyNotPublish } from '../../sources/celery/publish-task.ts'
import { taskMessage } from '../../sources/celery/task-message.ts'
import { SourceProblem } from '../../sources/source.ts'
import { claimTask, noteRequeued, type RequeuedTask, readRequeued, readTaskOf } from '../../store/requeued-tasks.ts'
import type { Tables } from '../../store/tables.ts'
import type { ActionProvider, ProvidedEvent, ProviderResult, RunOptions } from '../provider.ts'
import { FOLLOW_MS, followTask, lookForTask, readResult } from './follow.ts'
import { type CeleryTarget, ofSource } from './target.ts'

/** Types of events about a task that is over. */
const ENDED_TASKS: ReadonlySet<string> = new Set([
  'celery.task.failed',
  'celery.task.timeout',
  'celery.task.lost',
  'celery.task.dlq',
  'celery.task.rejected',
  'celery.task.revoked',
  'celery.task.expired',
])

/** A gateway that stops waits for the broker's answer, at most ten seconds: cut off, nobody would know whether the task is queued. */
const NOT_ABORTED = new AbortController().signal
/** How long the record of a task is read whose end is known, but not noted in its action. */
const SHORT_LOOK_MS = 5_000

/** Ids that Celery makes are UUIDs; an application may give others. */
const TASK_ID = /^[\x21-\x7e]{1,255}$/

/**
 * Makes what does `retry` for tasks of Celery: the task is queued again, and the action goes on until it has succeeded or failed.
 *
 * A row claims the task before it is published. A process that takes the action over finds by it whether the task may be queued already,
 * and then looks for it in the broker and the result backend, but publishes nothing.
 */
export function createCeleryRetry(targets: readonly CeleryTarget[], database: () => Kysely<Tables>): ActionProvider {
  const able = targets.filter(({ definition }) => definition.retryTasks.length > 0 && definition.results !== undefined)

  async function run(event: ProvidedEvent, { actionId, signal }: RunOptions): Promise<ProviderResult> {
    const task = await readTaskOf(database(), event)
    const target = task && ofSource(able, task.origin)
    const taskId = task?.taskId ?? event.correlationId
    if (target === undefined || !TASK_ID.test(taskId)) return refused('not_offered')
    try {
      return await queueAgain(target, taskId, actionId, signal)
    } catch (error) {
      if (!(error instanceof SourceProblem)) throw error
      await noteRequeued(database(), actionId, 'ended')
      return refused(
        ['not_reached', 'no_answer', 'busy', 'tls_failed'].includes(error.code)
          ? 'broker_not_reached'
          : 'broker_refused',
      )
    }
  }

  async function queueAgain(
    target: CeleryTarget,
    taskId: string,
    actionId: string,
    signal: AbortSignal,
  ): Promise<ProviderResult> {
    const { definition, connections } = target
    const broker = await connections.broker(signal)
    try {
      const record = await readResult(target, taskId, signal)
      const plan = planRetry(taskId, record, { retryTasks: definition.retryTasks, newId: randomUUID() })
      if ('refused' in plan) return refused(plan.refused)
      const { task, doneBefore } = plan
      const requeued: RequeuedTask = {
        actionId,
        source: definition.name,
        taskId,
        newTaskId: task.id,
        queue: task.queue,
        doneBefore,
      }
      const why = await whyNotPublish(broker, definition, { taskId, queue: task.queue }, signal)
      if (why !== undefined) return refused(why)
      if (!(await claimTask(database(), requeued))) return refused('already_running')
      // Another action may have queued it, and it may have ended, before this one claimed it.
      const now = await readResult(target, taskId, signal)
      if (now?.status !== record?.status || now?.doneAt !== record?.doneAt)
        return await ended(refused('task_not_ended'), actionId)
      const message = taskMessage(task, actionId)
      const published = await publishTask(
        broker,
        definition,
        { message, queue: task.queue, deliveryTag: randomUUID() },
        NOT_ABORTED,
      )
      if (published.state === 'refused') return await ended(refused(published.code), actionId)
      if (published.state === 'unknown')
        return await ended({ state: 'unknown', code: 'task_publish_unknown', data: dataOf(requeued) }, actionId)
      await noteRequeued(database(), actionId, 'published')
      return await follow(target, requeued, signal)
    } finally {
      broker.close()
    }
  }

  async function follow(
    target: CeleryTarget,
    task: RequeuedTask,
    signal: AbortSignal,
    forMs = FOLLOW_MS,
  ): Promise<ProviderResult> {
    const outcome = await followTask(target, task, signal, forMs)
    const data = dataOf(task)
    if (outcome === 'succeeded') return ended({ state: 'done', data }, task.actionId)
    if (outcome === undefined) return ended({ state: 'unknown', code: 'task_not_finished', data }, task.actionId)
    return ended({ state: 'failed', code: 'task_failed_again', data }, task.actionId)
  }

  async function ended(result: ProviderResult, actionId: string): Promise<ProviderResult> {
    await noteRequeued(database(), actionId, 'ended')
    return result
  }

  return {
    action: 'retry',
    offers({ eventType, data }) {
      if (able.length === 0 || !ENDED_TASKS.has(eventType)) return { can: false, why: 'not_offered' }
      const name = data?.task_name
      const isListed =
        typeof name !== 'string' || able.some(({ definition }) => isRetryTask(definition.retryTasks, name))
      return isListed ? { can: true } : { can: false, why: 'task_not_listed' }
    },
    run,
    async look(event, actionId, options) {
      const task = await readRequeued(database(), actionId)
      // Nothing was published before the row was there.
      if (task === undefined) return run(event, options)
      const target = able.find(({ definition }) => definition.name === task.source)
      if (target === undefined) return { state: 'unknown', data: dataOf(task) }
      if (task.state === 'ended') return follow(target, task, options.signal, SHORT_LOOK_MS)
      if (task.state === 'claimed' && !(await lookForTask(target, task, options.signal)))
        return ended({ state: 'unknown', code: 'task_publish_unknown', data: dataOf(task) }, actionId)
      return follow(target, task, options.signal)
    },
  }
}

function refused(code: ActionResult): ProviderResult {
  return { state: 'refused', code, data: null }
}

function dataOf({ source, taskId, newTaskId, queue }: RequeuedTask) {
  return { source, task_id: taskId, new_task_id: newTaskId, queue }
}
