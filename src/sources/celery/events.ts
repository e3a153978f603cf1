import { isObject } from '../../kernel/json.ts'
import { exceptionClassOf } from './exception-class.ts'
import { keywordArguments } from './keyword-arguments.ts'

/** States that a task passes through, by the types of Celery's events. */
export const TASK_STEPS = [
  'sent',
  'received',
  'started',
  'succeeded',
  'failed',
  'retried',
  'revoked',
  'rejected',
] as const
export type TaskStep = (typeof TASK_STEPS)[number]

/** An event about a task. Of its arguments, exception and traceback it has only what is no patient data. */
export interface TaskEvent {
  readonly about: 'task'
  readonly step: TaskStep
  readonly taskId: string
  /** Name of the worker, `celery@host`; of the publisher where the task was sent. */
  readonly worker: string
  /** By the clock of the worker, in milliseconds since 1970. */
  readonly at: number
  /** Only where it was sent or received, as the next two. */
  readonly name?: string
  readonly retries?: number
  /** Keyword arguments that the configuration names as harmless. */
  readonly harmless?: Readonly<Record<string, string | number | boolean>>
  /** Only where it was sent. */
  readonly queue?: string
  /** Class of the exception, without its message. */
  readonly exception?: string
  readonly terminated?: boolean
  readonly expired?: boolean
  /** True where a rejected message goes back to its queue. */
  readonly requeue?: boolean
}

/** An event about a worker. */
export interface WorkerEvent {
  readonly about: 'worker'
  readonly step: 'online' | 'heartbeat' | 'offline'
  readonly worker: string
  readonly at: number
  /** Seconds between two heartbeats; undefined in the answer to a control command, which says another. */
  readonly intervalSeconds?: number
}

export type CeleryEvent = TaskEvent | WorkerEvent

/** What a body held. */
export interface ReadBody {
  readonly events: readonly CeleryEvent[]
  /** Events that can not be read, or a body that can not. */
  readonly unreadable: number
}

/** Largest body that is read. A batch of Celery has some tens of kilobytes. */
export const MOST_BODY_BYTES = 4 * 2 ** 20
/** Events in one body. */
const MOST_EVENTS = 5_000
/** Longest name of a task, worker or queue. */
const LONGEST_NAME = 255
/** Ids that Celery makes are UUIDs; an application may give others. */
const TASK_ID = /^[\x21-\x7e]{1,255}$/

/**
 * Reads the body of a message of Celery's event exchange: a list of events, or one. Never throws: what can not be read is counted.
 *
 * @param harmless names of keyword arguments whose values are kept
 */
export function readEventBody(body: Buffer, harmless: readonly string[]): ReadBody {
  if (body.length > MOST_BODY_BYTES) return { events: [], unreadable: 1 }
  let parsed: unknown
  try {
    parsed = JSON.parse(body.toString('utf8'))
  } catch {
    return { events: [], unreadable: 1 }
  }
  const items: readonly unknown[] = Array.isArray(parsed) ? parsed : [parsed]
  const events = items.slice(0, MOST_EVENTS).flatMap((item) => {
    const event = isObject(item) ? readEvent(item, harmless) : undefined
    return event === undefined ? [] : [event]
  })
  return { events, unreadable: items.length - events.length }
}

/** Reads the message of a Redis channel: kombu's envelope with the body in base64. Never throws. */
export function readEnvelope(message: Buffer, harmless: readonly string[]): ReadBody {
  // Base64 is a third longer than the body.
  if (message.length > 2 * MOST_BODY_BYTES) return { events: [], unreadable: 1 }
  let parsed: unknown
  try {
    parsed = JSON.parse(message.toString('utf8'))
  } catch {
    return { events: [], unreadable: 1 }
  }
  if (!isObject(parsed) || typeof parsed.body !== 'string') return { events: [], unreadable: 1 }
  const encoding = isObject(parsed.properties) ? parsed.properties.body_encoding : undefined
  return readEventBody(Buffer.from(parsed.body, encoding === 'base64' ? 'base64' : 'utf8'), harmless)
}

function readEvent(event: Record<string, unknown>, harmless: readonly string[]): CeleryEvent | undefined {
  const { type, hostname, timestamp, uuid } = event
  const worker = nameOf(hostname)
  const at = typeof timestamp === 'number' ? Math.round(timestamp * 1000) : Number.NaN
  if (typeof type !== 'string' || worker === undefined || !Number.isSafeInteger(at)) return undefined
  if (type.startsWith('worker-')) return workerEvent(type.slice('worker-'.length), worker, at, event)
  const step = TASK_STEPS.find((known) => type === `task-${known}`)
  if (step === undefined || typeof uuid !== 'string' || !TASK_ID.test(uuid)) return undefined
  const { exception, traceback, retries, terminated, expired, requeue, kwargs } = event
  const name = nameOf(event.name)
  const queue = nameOf(event.queue)
  const exceptionClass = exceptionClassOf(exception, traceback)
  const kept = harmless.length > 0 && typeof kwargs === 'string' ? keywordArguments(kwargs, harmless) : undefined
  return {
    about: 'task',
    step,
    taskId: uuid,
    worker,
    at,
    ...(name === undefined ? {} : { name }),
    ...(queue === undefined ? {} : { queue }),
    ...(isRetries(retries) ? { retries } : {}),
    ...(kept === undefined || Object.keys(kept).length === 0 ? {} : { harmless: kept }),
    ...(exceptionClass === undefined ? {} : { exception: exceptionClass }),
    ...(terminated === true ? { terminated } : {}),
    ...(expired === true ? { expired } : {}),
    ...(requeue === true ? { requeue } : {}),
  }
}

function workerEvent(
  step: string,
  worker: string,
  at: number,
  { freq, active }: Record<string, unknown>,
): WorkerEvent | undefined {
  if (step !== 'online' && step !== 'heartbeat' && step !== 'offline') return undefined
  // The answer to the control command `heartbeat` has a freq of 5 and no count of active tasks: it does not say how often they come.
  const isOwn = typeof active === 'number' && typeof freq === 'number' && freq > 0 && freq <= 3_600
  return { about: 'worker', step, worker, at, ...(isOwn ? { intervalSeconds: freq } : {}) }
}

/** A name without control characters; undefined where there is none. */
function nameOf(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  const name = value.slice(0, LONGEST_NAME).replaceAll(/\p{C}/gu, '')
  return name === '' ? undefined : name
}

function isRetries(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= 1_000_000
}
