import { readFile } from 'node:fs/promises'
import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { RedisDefinition } from '../../catalogue/source-definitions.ts'
import type { SourceCode } from '../../contract/sources.ts'
import { codeOf } from '../../kernel/errors.ts'
import type { Secret } from '../../kernel/secret.ts'
import { SourceProblem } from '../source.ts'

/** Longest time for the connection and the answer. */
const DEADLINE_MS = 10_000
/** INFO has some kilobytes. */
const MOST_BYTES = 2 ** 20

/**
 * Asks a server for INFO over a connection of its own, and returns the fields. Without the client that publishes events: its answers
 * have no limit of bytes, and it connects again by itself.
 *
 * @throws SourceProblem
 */
export async function readInfo(
  definition: RedisDefinition,
  secret: Secret | undefined,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const { host, port, tls, user } = definition
  const ca = await authorityOf(definition)
  const login = secret === undefined ? [] : [['AUTH', ...(user === undefined ? [] : [user]), secret.reveal()]]
  const commands = [...login, ['INFO']]
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
  const replies = await new Promise<readonly string[]>((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const fail = (problem: SourceProblem) => finish(() => reject(problem))
    const deadline = setTimeout(
      () => fail(new SourceProblem(socket.connecting ? 'not_reached' : 'no_answer')),
      DEADLINE_MS,
    )
    const abort = () => fail(new SourceProblem('no_answer'))
    function finish(then: () => void): void {
      clearTimeout(deadline)
      signal.removeEventListener('abort', abort)
      socket.destroy()
      then()
    }
    signal.addEventListener('abort', abort)
    socket.on('error', (error) => fail(new SourceProblem(codeOfSocket(error), { cause: error })))
    socket.on('close', () => fail(new SourceProblem('no_answer')))
    socket.on('data', (chunk) => {
      bytes += chunk.length
      if (bytes > MOST_BYTES) return fail(new SourceProblem('answer_too_large'))
      chunks.push(chunk)
      try {
        const read = readReplies(Buffer.concat(chunks).toString('latin1'), commands.length, secret !== undefined)
        if (read !== undefined) finish(() => resolve(read))
      } catch (error) {
        fail(error instanceof SourceProblem ? error : new SourceProblem('answer_unreadable'))
      }
    })
    socket.once(tls === 'off' ? 'connect' : 'secureConnect', () => socket.write(commands.map(encode).join('')))
    if (signal.aborted) abort()
  })
  const fields = new Map(
    (replies.at(-1) ?? '').split('\r\n').flatMap((line): readonly [string, string][] => {
      const colon = line.indexOf(':')
      return line.startsWith('#') || colon <= 0 ? [] : [[line.slice(0, colon), line.slice(colon + 1)]]
    }),
  )
  if (!fields.has('role')) throw new SourceProblem('answer_unreadable')
  return fields
}

async function authorityOf({ caFile }: RedisDefinition): Promise<string | undefined> {
  try {
    return caFile === undefined ? undefined : await readFile(caFile, 'utf8')
  } catch (error) {
    throw new SourceProblem('tls_failed', { cause: error })
  }
}

function encode(command: readonly string[]): string {
  const parts = command.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`)
  return `*${parts.length}\r\n${parts.join('')}`
}

/** Reads the replies of RESP2; undefined while they are not complete. @throws SourceProblem */
function readReplies(text: string, count: number, hasSecret: boolean): readonly string[] | undefined {
  const replies: string[] = []
  let at = 0
  while (replies.length < count) {
    const end = text.indexOf('\r\n', at)
    if (end < 0) {
      if (text.length > at && !'+-$'.includes(text.charAt(at))) throw new SourceProblem('answer_unreadable')
      return undefined
    }
    const line = text.slice(at + 1, end)
    const type = text.charAt(at)
    at = end + 2
    if (type === '-') throw new SourceProblem(codeOfReply(line, hasSecret))
    if (type === '+') replies.push(line)
    else if (type === '$' && /^\d{1,9}$/.test(line)) {
      const length = Number(line)
      if (length > MOST_BYTES) throw new SourceProblem('answer_too_large')
      if (text.length < at + length + 2) return undefined
      replies.push(text.slice(at, at + length))
      at += length + 2
    } else throw new SourceProblem('answer_unreadable')
  }
  return replies
}

function codeOfReply(line: string, hasSecret: boolean): SourceCode {
  if (/^(WRONGPASS|NOAUTH)|AUTH /.test(line)) return hasSecret ? 'secret_refused' : 'secret_missing'
  if (line.startsWith('NOPERM')) return 'rights_missing'
  return /^(LOADING|BUSY|MASTERDOWN)|max number of clients/.test(line) ? 'busy' : 'refused'
}

function codeOfSocket(error: Error): SourceCode {
  const code = codeOf(error) ?? ''
  if (['ECONNRESET', 'EPIPE'].includes(code)) return 'no_answer'
  return /^(CERT_|ERR_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO|EPROTO)/.test(code) ? 'tls_failed' : 'not_reached'
}
