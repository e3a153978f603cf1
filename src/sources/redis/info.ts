import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { RedisDefinition } from '../../catalogue/source-definitions.ts'
import type { SourceCode } from '../../contract/sources.ts'
import { codeOf } from '../../kernel/errors.ts'
import type { Secret } from '../../kernel/secret.ts'
import type { ReadAuthority } from '../authority.ts'
import { SourceProblem } from '../source.ts'
import { createReplyReader } from './replies.ts'

/** Longest time for the connection and the answer. */
const DEADLINE_MS = 10_000

/**
 * Asks a server for INFO over a connection of its own, and returns the fields. Without the client that publishes events: its answers
 * have no limit of bytes, and it connects again by itself.
 *
 * @throws SourceProblem
 */
export async function readInfo(
  definition: RedisDefinition,
  { secret, readAuthority }: { readonly secret: Secret | undefined; readonly readAuthority: ReadAuthority },
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const { host, port, tls, user } = definition
  const ca = tls === 'off' ? undefined : await readAuthority(signal)
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
    const reader = createReplyReader(commands.length, secret !== undefined)
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
    socket.on('data', (segment) => {
      try {
        const read = reader.add(segment)
        if (read !== undefined) finish(() => resolve(read))
      } catch (error) {
        fail(error instanceof SourceProblem ? error : new SourceProblem('answer_unreadable'))
      }
    })
    socket.once(tls === 'off' ? 'connect' : 'secureConnect', () => socket.write(commands.map(encode).join('')))
    if (signal.aborted) abort()
  })
  const fields = readFields(replies.at(-1) ?? '')
  if (!fields.has('role')) throw new SourceProblem('answer_unreadable')
  return fields
}

/** The fields of an answer to INFO. */
export function readFields(answer: string): ReadonlyMap<string, string> {
  return new Map(
    answer.split('\r\n').flatMap((line): readonly [string, string][] => {
      const colon = line.indexOf(':')
      return line.startsWith('#') || colon <= 0 ? [] : [[line.slice(0, colon), line.slice(colon + 1)]]
    }),
  )
}

function encode(command: readonly string[]): string {
  const parts = command.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`)
  return `*${parts.length}\r\n${parts.join('')}`
}

function codeOfSocket(error: Error): SourceCode {
  const code = codeOf(error) ?? ''
  if (['ECONNRESET', 'EPIPE'].includes(code)) return 'no_answer'
  return /^(CERT_|ERR_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO|EPROTO)/.test(code) ? 'tls_failed' : 'not_reached'
}
