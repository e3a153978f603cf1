import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { RedisServer } from '../../catalogue/celery-definition.ts'
import type { Secret } from '../../kernel/secret.ts'
import type { ReadAuthority } from '../authority.ts'
import { SourceProblem } from '../source.ts'
import { codeOfSocket } from './problems.ts'
import { createRespReader, type Reply, RespError } from './resp.ts'

/** Longest time for a connection, and for an answer. */
const DEADLINE_MS = 10_000
/** Largest value that is read, a message or a result record. */
const MOST_BYTES = 8 * 2 ** 20

/** A connection to a Redis server. It does not connect again by itself. */
export interface RedisConnection {
  readonly closed: boolean
  /** Why it was closed; undefined while it is open, and where `close` was called. */
  readonly problem: SourceProblem | undefined
  /**
   * Sends a command and returns its reply. Commands are answered in their order.
   *
   * @throws SourceProblem also for an error reply, whose first word is the `code` of its cause
   */
  ask(command: readonly (string | Buffer)[], signal: AbortSignal): Promise<Reply>
  /**
   * Subscribes to a pattern of channels and gives each message with its channel. From then on the connection takes no command but
   * {@link RedisConnection.ping}.
   *
   * @throws SourceProblem
   */
  subscribe(pattern: string, onMessage: (channel: string, message: Buffer) => void, signal: AbortSignal): Promise<void>
  /** Waits until the server has answered a PING, also on a connection with a subscription. @throws SourceProblem */
  ping(signal: AbortSignal): Promise<void>
  /** Stops reading from the server, which then drops a subscriber that stays behind; and reads on. */
  pause(): void
  resume(): void
  /** Called once, when the connection was closed by the server or for its answers. */
  onClosed(task: (problem: SourceProblem) => void): void
  close(): void
}

interface Waiting {
  readonly resolve: (reply: Reply) => void
  readonly reject: (problem: SourceProblem) => void
}

/**
 * Connects to a Redis server, and logs in where there is a secret.
 *
 * Rejected: the client of `src/publish/`, whose answers have no limit of bytes, and which connects again by itself.
 *
 * @throws SourceProblem
 */
export async function connectRedis(
  server: RedisServer,
  { secret, readAuthority }: { readonly secret: Secret | undefined; readonly readAuthority: ReadAuthority },
  signal: AbortSignal,
): Promise<RedisConnection> {
  const { host, port, tls, user, database } = server
  const ca = tls === 'off' ? undefined : await readAuthority(signal)
  const socket: Socket =
    tls === 'off'
      ? connect({ host, port })
      : connectTls({
          host,
          port,
          ...(isIP(host) ? {} : { servername: host }),
          ca,
          rejectUnauthorized: tls === 'verify',
        })
  const connection = connectionOf(socket, secret !== undefined)
  try {
    await connected(socket, connection, tls === 'off' ? 'connect' : 'secureConnect', signal)
    if (secret !== undefined)
      await connection.ask(['AUTH', ...(user === undefined ? [] : [user]), secret.reveal()], signal)
    if (database !== 0) await connection.ask(['SELECT', String(database)], signal)
  } catch (error) {
    connection.close()
    throw error
  }
  return connection
}

function connected(socket: Socket, connection: RedisConnection, event: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (problem: SourceProblem) => finish(() => reject(problem))
    const deadline = setTimeout(
      () => fail(new SourceProblem(socket.connecting ? 'not_reached' : 'no_answer')),
      DEADLINE_MS,
    )
    const abort = () => fail(new SourceProblem('no_answer'))
    function finish(then: () => void): void {
      clearTimeout(deadline)
      signal.removeEventListener('abort', abort)
      then()
    }
    signal.addEventListener('abort', abort)
    connection.onClosed(fail)
    socket.once(event, () => finish(resolve))
    if (signal.aborted) abort()
  })
}

function connectionOf(socket: Socket, hasSecret: boolean): RedisConnection {
  const reader = createRespReader(MOST_BYTES)
  const waiting: Waiting[] = []
  const closedTasks: ((problem: SourceProblem) => void)[] = []
  let onMessage: ((channel: string, message: Buffer) => void) | undefined
  let closed = false
  let problem: SourceProblem | undefined

  function end(why: SourceProblem | undefined): void {
    if (closed) return
    closed = true
    problem = why
    socket.destroy()
    const told = why ?? new SourceProblem('no_answer')
    for (const { reject } of waiting.splice(0)) reject(told)
    for (const task of closedTasks.splice(0)) if (why !== undefined) task(why)
  }

  function take(reply: Reply): void {
    if (onMessage !== undefined && Array.isArray(reply)) {
      const [kind, , channel, message] = reply as readonly Reply[]
      if (textOf(kind) === 'pmessage') {
        if (Buffer.isBuffer(channel) && Buffer.isBuffer(message)) onMessage(channel.toString('utf8'), message)
        return
      }
    }
    const first = waiting.shift()
    if (first === undefined) end(new SourceProblem('answer_unreadable'))
    else if (reply instanceof RespError) first.reject(refusalOf(reply, hasSecret))
    else first.resolve(reply)
  }

  socket.on('error', (error) => end(new SourceProblem(codeOfSocket(error), { cause: error })))
  socket.on('close', () => end(new SourceProblem('no_answer')))
  socket.on('data', (segment) => {
    try {
      for (const reply of reader.add(segment)) if (!closed) take(reply)
    } catch (error) {
      end(error instanceof SourceProblem ? error : new SourceProblem('answer_unreadable', { cause: error }))
    }
  })
  socket.setNoDelay(true)
  socket.setKeepAlive(true, 15_000)

  function ask(command: readonly (string | Buffer)[], signal: AbortSignal): Promise<Reply> {
    if (closed) return Promise.reject(problem ?? new SourceProblem('no_answer'))
    return new Promise((resolve, reject) => {
      // Without an answer the replies that follow can not be told apart.
      const cut = () => end(new SourceProblem('no_answer'))
      const deadline = setTimeout(cut, DEADLINE_MS)
      signal.addEventListener('abort', cut)
      const finish = (then: () => void) => {
        clearTimeout(deadline)
        signal.removeEventListener('abort', cut)
        then()
      }
      waiting.push({
        resolve: (reply) => finish(() => resolve(reply)),
        reject: (why) => finish(() => reject(why)),
      })
      socket.write(encode(command))
      if (signal.aborted) cut()
    })
  }

  return {
    get closed() {
      return closed
    },
    get problem() {
      return problem
    },
    ask,
    async subscribe(pattern, task, signal) {
      onMessage = task
      await ask(['PSUBSCRIBE', pattern], signal)
    },
    async ping(signal) {
      await ask(['PING'], signal)
    },
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    onClosed(task) {
      if (closed) {
        if (problem !== undefined) task(problem)
      } else closedTasks.push(task)
    },
    close: () => end(undefined),
  }
}

/** The text of a reply; undefined for one that is none. */
export function textOf(reply: Reply | undefined): string | undefined {
  return Buffer.isBuffer(reply) ? reply.toString('utf8') : undefined
}

function encode(command: readonly (string | Buffer)[]): Buffer {
  const parts = command.flatMap((part) => {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part
    return [Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')]
  })
  return Buffer.concat([Buffer.from(`*${command.length}\r\n`), ...parts])
}

/** Redis may quote a command's arguments in its error, a password among them: only the first word is kept. */
function refusalOf({ line }: RespError, hasSecret: boolean): SourceProblem {
  const [word = ''] = line.split(' ')
  const cause = Object.assign(new Error('error reply'), { code: /^[A-Z]{1,30}$/.test(word) ? word : 'ERR' })
  return new SourceProblem(codeOfReply(line, hasSecret), { cause })
}

function codeOfReply(line: string, hasSecret: boolean): SourceProblem['code'] {
  if (/^(WRONGPASS|NOAUTH)|AUTH /.test(line)) return hasSecret ? 'secret_refused' : 'secret_missing'
  if (line.startsWith('NOPERM') || /no permissions/.test(line)) return 'rights_missing'
  return /^(LOADING|BUSY|MASTERDOWN|READONLY)|max number of clients/.test(line) ? 'busy' : 'refused'
}
