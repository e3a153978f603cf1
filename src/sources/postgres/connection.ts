import { Socket } from 'node:net'
import pg from 'pg'
import type { PostgresDefinition } from '../../catalogue/source-definitions.ts'
import type { SourceCode } from '../../contract/sources.ts'
import { codeOf } from '../../kernel/errors.ts'
import type { Secret } from '../../kernel/secret.ts'
import type { ReadAuthority } from '../authority.ts'
import { SourceProblem } from '../source.ts'

/** A connection to a watched server. */
export interface PostgresConnection {
  readonly closed: boolean
  /** Runs statements without parameters and returns the value in the first row and column of the last SELECT. @throws SourceProblem */
  ask(statements: string, signal: AbortSignal): Promise<unknown>
  close(): void
}

/** Longest time for a connection, and for an answer. */
const DEADLINE_MS = 10_000
/** An answer has some kilobytes; a server with thousands of slots, some hundred. */
const MOST_BYTES = 4 * 2 ** 20
/** Between two looks at how much has come. */
const COUNT_MS = 20

/**
 * Connects to a watched server.
 *
 * @throws SourceProblem; with the SQLSTATE as the `code` of its cause where the server refused the connection
 */
export async function connectPostgres(
  definition: PostgresDefinition,
  { secret, readAuthority }: { readonly secret: Secret | undefined; readonly readAuthority: ReadAuthority },
  signal: AbortSignal,
): Promise<PostgresConnection> {
  const { host, port, database, user } = definition
  const ssl = await tlsOf(definition, readAuthority, signal)
  const socket = new Socket()
  const client = new pg.Client({
    host,
    port,
    database,
    user,
    // A function: without a password, and with an empty one, pg takes the gateway's own from PGPASSWORD or ~/.pgpass.
    password: () => secret?.reveal() ?? '',
    ssl,
    stream: () => socket,
    application_name: 'claimlinc-teams source',
    keepAlive: true,
  })
  // Nor those of PGOPTIONS. They can not be given as none: for pg, empty options are absent ones.
  Object.assign(Reflect.get(client, 'connectionParameters'), { options: undefined })
  let closed = false
  const close = () => {
    closed = true
    socket.destroy()
  }
  client.on('error', close)
  client.on('end', close)
  const problemOf = (error: unknown) => asProblem(error, secret !== undefined)
  try {
    await limited(socket, signal, () => client.connect())
  } catch (error) {
    close()
    throw problemOf(error)
  }
  return {
    get closed() {
      return closed
    },
    async ask(statements, signalOfLook) {
      try {
        return firstValue(
          await limited(socket, signalOfLook, () => client.query({ text: statements, rowMode: 'array' })),
        )
      } catch (error) {
        close()
        throw problemOf(error)
      }
    },
    close,
  }
}

async function tlsOf({ tls }: PostgresDefinition, readAuthority: ReadAuthority, signal: AbortSignal) {
  if (tls === 'off') return false
  if (tls === 'unverified') return { rejectUnauthorized: false }
  const ca = await readAuthority(signal)
  return { rejectUnauthorized: true, ...(ca === undefined ? {} : { ca }) }
}

/** Runs one exchange with the server; cuts the connection after {@link DEADLINE_MS}, beyond {@link MOST_BYTES}, or when aborted. */
function limited<T>(socket: Socket, signal: AbortSignal, run: () => Promise<T>): Promise<T> {
  const before = socket.bytesRead
  return new Promise((resolve, reject) => {
    const cut = (code: SourceCode) => {
      finish(() => reject(new SourceProblem(code)))
      socket.destroy()
    }
    const isTooLarge = () => socket.bytesRead - before > MOST_BYTES
    const deadline = setTimeout(() => cut(socket.connecting ? 'not_reached' : 'no_answer'), DEADLINE_MS)
    const counting = setInterval(() => isTooLarge() && cut('answer_too_large'), COUNT_MS)
    const abort = () => cut('no_answer')
    signal.addEventListener('abort', abort)
    function finish(then: () => void): void {
      clearTimeout(deadline)
      clearInterval(counting)
      signal.removeEventListener('abort', abort)
      then()
    }
    if (signal.aborted) return abort()
    run().then(
      (value) => finish(() => resolve(value)),
      (error: unknown) => finish(() => reject(isTooLarge() ? new SourceProblem('answer_too_large') : error)),
    )
  })
}

/** pg answers several statements with a list of results. */
function firstValue(answered: unknown): unknown {
  const results: readonly unknown[] = Array.isArray(answered) ? answered : [answered]
  const selected = results.findLast(
    (result): result is { readonly rows: readonly (readonly unknown[])[] } =>
      typeof result === 'object' && result !== null && 'command' in result && result.command === 'SELECT',
  )
  return selected?.rows[0]?.[0]
}

const UNREACHED = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT', 'ENOENT']
const CUT = ['ECONNRESET', 'EPIPE', '57P01', '57P02', '57P05', '57014']
/** SQLSTATEs of a server that takes no connection now; those of too few connections are the finding `connections`. */
const BUSY = ['53300', '57P03']
/** Of a server that lacks a column, a function or a feature that is read. */
const UNSUPPORTED = ['42703', '42883', '0A000']

function asProblem(error: unknown, hasSecret: boolean): SourceProblem {
  return error instanceof SourceProblem ? error : new SourceProblem(problemCode(error, hasSecret), { cause: error })
}

function problemCode(error: unknown, hasSecret: boolean): SourceCode {
  const code = codeOf(error) ?? ''
  const message = error instanceof Error ? error.message : ''
  if (UNREACHED.includes(code)) return 'not_reached'
  if (CUT.includes(code) || message.startsWith('Connection terminated')) return 'no_answer'
  if (BUSY.includes(code)) return 'busy'
  if (code === '28P01' || code === '28000' || message.startsWith('SASL:'))
    return hasSecret ? 'secret_refused' : 'secret_missing'
  if (code === '42501') return 'rights_missing'
  if (UNSUPPORTED.includes(code)) return 'version_unsupported'
  if (/^(CERT_|ERR_TLS|ERR_SSL|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO|EPROTO)/.test(code) || / SSL connection/.test(message))
    return 'tls_failed'
  return /^[0-9A-Z]{5}$/.test(code) ? 'refused' : 'answer_unreadable'
}
