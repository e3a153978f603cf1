import { isIP, type Socket } from 'node:net'
import { type Channel, type ChannelModel, connect } from 'amqplib'
import type { RabbitmqBroker } from '../../catalogue/celery-definition.ts'
import type { Secret } from '../../kernel/secret.ts'
import type { ReadAuthority } from '../authority.ts'
import { SourceProblem } from '../source.ts'
import { amqpProblem } from './problems.ts'

/** Longest time for a connection, and for an answer. */
const DEADLINE_MS = 10_000
/** Seconds between two AMQP heartbeats; amqplib closes a connection on which none arrived for two such intervals. */
const HEARTBEAT_SECONDS = 10
/** RabbitMQ sends frames of 128 KiB; the limit of amqplib is 64 MiB. */
const MOST_FRAME_BYTES = 2 ** 20
/** Bytes until a message or an answer is whole: amqplib collects a message of any size. */
const MOST_BYTES = 16 * 2 ** 20
/** Between two looks at how much has come. */
const COUNT_MS = 200
/** Longest time for the answer to a close. */
const CLOSE_MS = 1_000

/** A connection to a RabbitMQ broker. It does not connect again by itself. */
export interface AmqpConnection {
  readonly closed: boolean
  /**
   * Opens a channel and runs a task with it, within ten seconds. A channel that the task does not keep is closed.
   *
   * @throws SourceProblem with the reply code of AMQP as the `code` of its cause: 404 for a queue that is not there
   */
  withChannel<T>(task: (channel: Channel) => Promise<T>, signal: AbortSignal): Promise<T>
  /** Notes that a message or an answer is whole: beyond 16 MiB without it, the connection is cut. */
  received(): void
  /** Opens a channel that stays open until the connection is closed, or the broker closes it, of which `onClosed` is told. */
  channel(signal: AbortSignal): Promise<Channel>
  /** Why a request failed, from amqplib's error. */
  problemOf(error: unknown): SourceProblem
  /** Waits for an answer at most ten seconds. @throws SourceProblem */
  within<T>(answer: Promise<T>, signal: AbortSignal): Promise<T>
  /** The connection itself, for what the functions above do not do, such as confirm channels. */
  readonly model: ChannelModel
  /** Called once, when the broker closed the connection, or it broke. */
  onClosed(task: (problem: SourceProblem) => void): void
  close(): void
}

/**
 * Connects to a RabbitMQ broker.
 *
 * @param name shown in RabbitMQ's list of connections
 * @throws SourceProblem
 */
export async function connectAmqp(
  broker: RabbitmqBroker,
  {
    secret,
    readAuthority,
    name,
  }: { readonly secret: Secret | undefined; readonly readAuthority: ReadAuthority; readonly name: string },
  signal: AbortSignal,
): Promise<AmqpConnection> {
  const { host, port, tls, user, vhost } = broker
  const ca = tls === 'off' ? undefined : await readAuthority(signal)
  const ended = new AbortController()
  const problemOf = (error: unknown) => amqpProblem(error, secret !== undefined)
  // Typed apart: amqplib passes `signal` on to the socket, but does not declare it.
  const socketOptions = {
    noDelay: true,
    keepAlive: true,
    timeout: DEADLINE_MS,
    signal: ended.signal,
    clientProperties: { connection_name: name },
    ...(tls === 'off' ? {} : { rejectUnauthorized: tls === 'verify', ...(ca === undefined ? {} : { ca }) }),
    ...(tls === 'off' || isIP(host) ? {} : { servername: host }),
  }
  const model = await within(
    connect(
      {
        protocol: tls === 'off' ? 'amqp' : 'amqps',
        hostname: host,
        port,
        username: user,
        password: secret?.reveal() ?? '',
        // amqplib decodes it, as a part of a URL.
        vhost: encodeURIComponent(vhost),
        heartbeat: HEARTBEAT_SECONDS,
        maxFrameSize: MOST_FRAME_BYTES,
      },
      socketOptions,
    ),
    signal,
    () => ended.abort(),
  ).catch((error: unknown) => {
    throw problemOf(error)
  })
  return connectionOf(model, problemOf)
}

function connectionOf(model: ChannelModel, problemOf: (error: unknown) => SourceProblem): AmqpConnection {
  const closedTasks: ((problem: SourceProblem) => void)[] = []
  let problem: SourceProblem | undefined
  let closed = false
  const end = (error: unknown) => {
    if (closed) return
    closed = true
    clearInterval(counting)
    const why = problemOf(error)
    problem = why
    for (const task of closedTasks.splice(0)) task(why)
  }
  let lastError: unknown
  // An event `error` without a listener would end the process.
  model.on('error', (error: unknown) => {
    lastError = error
  })
  model.on('close', (error: unknown) => end(error ?? lastError ?? new SourceProblem('no_answer')))

  let whole = bytesRead(model)
  const received = () => {
    whole = bytesRead(model)
  }
  const counting = setInterval(() => {
    if (bytesRead(model) - whole > MOST_BYTES) cut(new SourceProblem('answer_too_large'))
  }, COUNT_MS)
  counting.unref()

  const close = () => {
    clearInterval(counting)
    if (closed) return
    closed = true
    closedTasks.length = 0
    // A broker that hangs does not answer the close; the socket would stay.
    const destroying = setTimeout(() => destroy(model), CLOSE_MS)
    destroying.unref()
    model
      .close()
      .catch(() => undefined)
      .finally(() => clearTimeout(destroying))
  }
  /** Ends the connection for its answers. */
  const cut = (why: SourceProblem) => {
    end(why)
    destroy(model)
  }

  async function channel(signal: AbortSignal): Promise<Channel> {
    if (closed) throw problem ?? new SourceProblem('no_answer')
    try {
      const opened = await within(model.createChannel(), signal, cut)
      received()
      return opened
    } catch (error) {
      throw problemOf(error)
    }
  }

  return {
    get closed() {
      return closed
    },
    model,
    problemOf,
    received,
    async within(answer, signal) {
      try {
        return await within(answer, signal, cut)
      } catch (error) {
        throw problemOf(error)
      }
    },
    channel,
    async withChannel(task, signal) {
      const opened = await channel(signal)
      let why: unknown
      opened.on('error', (error: unknown) => {
        why = error
      })
      try {
        return await within(task(opened), signal, cut)
      } catch (error) {
        throw error instanceof SourceProblem ? error : problemOf(why ?? error)
      } finally {
        received()
        opened.close().catch(() => undefined)
      }
    },
    onClosed(task) {
      if (closed) task(problem ?? new SourceProblem('no_answer'))
      else closedTasks.push(task)
    },
    close,
  }
}

/** Waits for an answer at most {@link DEADLINE_MS}, and not once the signal is aborted; then calls `cut`. */
function within<T>(answer: Promise<T>, signal: AbortSignal, cut: (why: SourceProblem) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const fail = () => {
      const why = new SourceProblem('no_answer')
      finish(() => reject(why))
      cut(why)
    }
    const deadline = setTimeout(fail, DEADLINE_MS)
    signal.addEventListener('abort', fail)
    function finish(then: () => void): void {
      clearTimeout(deadline)
      signal.removeEventListener('abort', fail)
      then()
    }
    if (signal.aborted) fail()
    answer.then(
      (value) => finish(() => resolve(value)),
      (error: unknown) => finish(() => reject(error)),
    )
  })
}

/** The socket of a connection, which amqplib does not offer. */
function socketOf({ connection }: ChannelModel): Partial<Pick<Socket, 'bytesRead' | 'destroy'>> {
  const stream: unknown = Reflect.get(connection, 'stream')
  return typeof stream === 'object' && stream !== null ? stream : {}
}

const bytesRead = (model: ChannelModel) => socketOf(model).bytesRead ?? 0
const destroy = (model: ChannelModel) => void socketOf(model).destroy?.()
