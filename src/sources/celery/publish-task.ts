import { setTimeout } from 'node:timers/promises'
import type { ConfirmChannel, Options } from 'amqplib'
import type { CeleryDefinition } from '../../catalogue/celery-definition.ts'
import type { ActionResult } from '../../contract/actions.ts'
import { SourceProblem } from '../source.ts'
import type { BrokerConnection } from './connections.ts'
import { amqpCodeOf } from './problems.ts'
import { textOf } from './redis-connection.ts'
import { amqpProperties, redisEnvelope, type TaskMessage } from './task-message.ts'

/** Longest wait for the confirmation of RabbitMQ, which keeps it back while it has an alarm for memory or disk. */
const CONFIRM_MS = 10_000
/** Messages that workers of a Redis broker have, and messages of a queue, that are looked at. Read in pages of 50. */
const MOST_LOOKED_AT = 2_000
const PAGE = 50
/** Key, with the name of a queue behind it, of what a worker has bound. */
const BINDING = '_kombu.binding.'

type Redis = Extract<BrokerConnection, { kind: 'redis' }>
type RabbitMq = Extract<BrokerConnection, { kind: 'rabbitmq' }>

/** What became of a message. `unknown`: it may be in its queue; it is never published once more by itself. */
export type Published =
  | { readonly state: 'published' }
  | { readonly state: 'refused'; readonly code: ActionResult }
  | { readonly state: 'unknown' }

const refused = (code: ActionResult): Published => ({ state: 'refused', code })

/**
 * Whether a task can be published now: its queue is there, and no worker has a message of it.
 *
 * @returns why not; undefined where it can
 * @throws SourceProblem
 */
export async function whyNotPublish(
  broker: BrokerConnection,
  definition: CeleryDefinition,
  { taskId, queue }: { readonly taskId: string; readonly queue: string },
  signal: AbortSignal,
): Promise<ActionResult | undefined> {
  if (broker.kind === 'rabbitmq') {
    const isThere = await hasQueue(broker, queue, signal)
    return isThere ? undefined : 'task_queue_missing'
  }
  const prefix = prefixOf(definition)
  // A list of Redis takes a message under any name.
  const isKnown =
    definition.queues.includes(queue) || (await broker.ask(['EXISTS', `${prefix}${BINDING}${queue}`], signal)) === 1
  if (!isKnown) return 'task_queue_missing'
  return (await isUnacknowledged(broker, prefix, taskId, signal)) ? 'task_in_flight' : undefined
}

/** Publishes a message to its queue, and waits until the broker has it. Does not throw. */
export async function publishTask(
  broker: BrokerConnection,
  definition: CeleryDefinition,
  {
    message,
    queue,
    deliveryTag,
  }: { readonly message: TaskMessage; readonly queue: string; readonly deliveryTag: string },
  signal: AbortSignal,
): Promise<Published> {
  try {
    if (broker.kind === 'rabbitmq')
      return await publishConfirmed(
        await broker.model.createConfirmChannel(),
        queue,
        message.body,
        amqpProperties(message),
      )
    await broker.ask(['LPUSH', `${prefixOf(definition)}${queue}`, redisEnvelope(message, queue, deliveryTag)], signal)
    return { state: 'published' }
  } catch (error) {
    return wasRefused(error) ? refused('broker_refused') : { state: 'unknown' }
  }
}

/**
 * Whether a queue of Redis has a message with this id, of the newest {@link MOST_LOOKED_AT}.
 *
 * @returns undefined at RabbitMQ, whose messages nobody sees without taking them
 * @throws SourceProblem
 */
export async function isQueued(
  broker: BrokerConnection,
  definition: CeleryDefinition,
  { taskId, queue }: { readonly taskId: string; readonly queue: string },
  signal: AbortSignal,
): Promise<boolean | undefined> {
  if (broker.kind === 'rabbitmq') return undefined
  const prefix = prefixOf(definition)
  for (let from = 0; from < MOST_LOOKED_AT; from += PAGE) {
    const items = await broker.ask(['LRANGE', `${prefix}${queue}`, String(from), String(from + PAGE - 1)], signal)
    if (!Array.isArray(items) || items.length === 0) break
    if (items.some((item) => names(textOf(item), taskId))) return true
  }
  return isUnacknowledged(broker, prefix, taskId, signal)
}

function prefixOf({ broker }: CeleryDefinition): string {
  return broker.kind === 'redis' ? broker.keyPrefix : ''
}

/** Whether a worker of a Redis broker has a message of a task: received, waiting for its time, or running with `acks_late`. */
async function isUnacknowledged(broker: Redis, prefix: string, taskId: string, signal: AbortSignal): Promise<boolean> {
  for (let from = 0; from < MOST_LOOKED_AT; from += PAGE) {
    const range = ['ZRANGE', `${prefix}unacked_index`, String(from), String(from + PAGE - 1)]
    const tags = await broker.ask(range, signal)
    if (!Array.isArray(tags) || tags.length === 0) return false
    const keys = tags.flatMap((tag) => textOf(tag) ?? [])
    const messages = await broker.ask(['HMGET', `${prefix}unacked`, ...keys], signal)
    if (Array.isArray(messages) && messages.some((message) => names(textOf(message), taskId))) return true
  }
  return false
}

/** Whether the header `id` of a message, which is JSON, is that of a task. */
function names(message: string | undefined, taskId: string): boolean {
  return (
    message?.includes(`"id": ${JSON.stringify(taskId)}`) || message?.includes(`"id":${JSON.stringify(taskId)}`) || false
  )
}

async function hasQueue(broker: RabbitMq, queue: string, signal: AbortSignal): Promise<boolean> {
  try {
    await broker.withChannel((channel) => channel.checkQueue(queue), signal)
    return true
  } catch (error) {
    if (error instanceof SourceProblem && amqpCodeOf(error.cause) === 404) return false
    throw error
  }
}

/**
 * Publishes to a queue of RabbitMQ. For a queue that is not there the confirmation comes too; only `mandatory` tells, by the message that
 * is returned before it. Closes the channel. Does not throw.
 */
export async function publishConfirmed(
  channel: ConfirmChannel,
  queue: string,
  body: Buffer,
  properties: Options.Publish,
): Promise<Published> {
  let isReturned = false
  channel.on('return', () => {
    isReturned = true
  })
  const ended = new AbortController()
  try {
    const confirmed = new Promise<Published>((resolve, reject) => {
      channel.on('error', reject)
      channel.on('close', () => reject(new SourceProblem('no_answer')))
      channel.publish('', queue, body, { ...properties, mandatory: true }, (error: unknown) => {
        if (error) reject(error)
        else resolve(isReturned ? refused('task_queue_missing') : { state: 'published' })
      })
    })
    const late = setTimeout(CONFIRM_MS, { state: 'unknown' } as const, { signal: ended.signal, ref: false })
    late.catch(() => undefined)
    return await Promise.race([confirmed, late])
  } catch (error) {
    return wasRefused(error) ? refused('broker_refused') : { state: 'unknown' }
  } finally {
    ended.abort()
    channel.close().catch(() => undefined)
  }
}

/** True where the broker said no, so that nothing was published. */
function wasRefused(error: unknown): boolean {
  const code = error instanceof SourceProblem ? error.code : undefined
  if (code !== undefined)
    return ['rights_missing', 'refused', 'secret_refused', 'secret_missing', 'busy'].includes(code)
  return [403, 404, 406].includes(amqpCodeOf(error) ?? 0)
}
