import { isObject } from '../../kernel/json.ts'
import { SourceProblem } from '../source.ts'
import type { CeleryConnections } from './connections.ts'
import type { RedisConnection } from './redis-connection.ts'
import { textOf } from './redis-connection.ts'

/** What a result record says about a task, without its arguments, result and traceback. */
export interface ResultRecord {
  readonly taskId: string
  readonly status: string
  /** Only with `result_extended`, as the next three. */
  readonly name?: string
  readonly queue?: string
  readonly worker?: string
  readonly retries?: number
  /** Class of the exception. */
  readonly exception?: string
}

/** Before the id of a task, in keys and channels. */
const PREFIX = 'celery-task-meta-'
/** The class of a chord's body that did not run because a part failed: Celery sends no event about it. */
const CHORD_ERROR = 'ChordError'
const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]{0,99}$/

/** A connection to the result backend. It does not connect again by itself. */
export interface Results {
  /** Reads the record of a task; undefined where there is none. @throws SourceProblem */
  read(taskId: string, signal: AbortSignal): Promise<ResultRecord | undefined>
  /** Waits until the server has answered. @throws SourceProblem */
  ping(signal: AbortSignal): Promise<void>
  readonly problem: SourceProblem | undefined
  close(): void
}

/**
 * Connects to the result backend, which publishes each record that it writes, and gives those of chords whose body did not run.
 *
 * @throws SourceProblem
 */
export async function openResults(
  connections: CeleryConnections,
  keyPrefix: string,
  onChordError: (record: ResultRecord) => void,
  signal: AbortSignal,
): Promise<Results> {
  const subscriber = await open(connections, signal)
  let commands: RedisConnection | undefined
  try {
    commands = await open(connections, signal)
    await subscriber.subscribe(
      `${keyPrefix}${PREFIX}*`,
      (_, message) => {
        // Nearly all records are of tasks that succeeded, and some are large.
        const record = message.includes(CHORD_ERROR) ? readRecord(message) : undefined
        if (record?.exception === CHORD_ERROR && record.status === 'FAILURE') onChordError(record)
      },
      signal,
    )
  } catch (error) {
    subscriber.close()
    commands?.close()
    throw error
  }
  const opened = commands
  return {
    async read(taskId, abort) {
      const reply = await opened.ask(['GET', `${keyPrefix}${PREFIX}${taskId}`], abort)
      return Buffer.isBuffer(reply) ? readRecord(reply) : undefined
    },
    async ping(abort) {
      await subscriber.ping(abort)
      await opened.ping(abort)
    },
    get problem() {
      return subscriber.problem ?? opened.problem
    },
    close() {
      subscriber.close()
      opened.close()
    },
  }
}

/** Reads a record; undefined for another text. Never throws. */
export function readRecord(written: Buffer): ResultRecord | undefined {
  let record: unknown
  try {
    record = JSON.parse(textOf(written) ?? '')
  } catch {
    return undefined
  }
  if (!isObject(record)) return undefined
  const { task_id: taskId, status, result, retries } = record
  if (typeof taskId !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(taskId) || typeof status !== 'string') return undefined
  const exception = isObject(result) ? result.exc_type : undefined
  const named = (value: unknown) =>
    typeof value === 'string' && value !== '' ? value.slice(0, 255).replaceAll(/\p{C}/gu, '') : undefined
  const [name, queue, worker] = [named(record.name), named(record.queue), named(record.worker)]
  return {
    taskId,
    status: status.slice(0, 20),
    ...(name === undefined ? {} : { name }),
    ...(queue === undefined ? {} : { queue }),
    ...(worker === undefined ? {} : { worker }),
    ...(typeof retries === 'number' && Number.isSafeInteger(retries) && retries >= 0 ? { retries } : {}),
    ...(typeof exception === 'string' && IDENTIFIER.test(exception) ? { exception } : {}),
  }
}

async function open(connections: CeleryConnections, signal: AbortSignal): Promise<RedisConnection> {
  const connection = await connections.results(signal)
  if (connection === undefined) throw new SourceProblem('failed')
  return connection
}
