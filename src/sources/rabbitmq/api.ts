import { isIP } from 'node:net'
import { Client } from 'undici'
import type { RabbitmqDefinition } from '../../catalogue/rabbitmq-definition.ts'
import type { SourceCode } from '../../contract/sources.ts'
import { codeOf } from '../../kernel/errors.ts'
import { isObject } from '../../kernel/json.ts'
import type { Secret } from '../../kernel/secret.ts'
import { packageVersion } from '../../kernel/version.ts'
import type { ReadAuthority } from '../authority.ts'
import { SourceProblem } from '../source.ts'

/** An answer of the management API. */
export interface ApiAnswer {
  readonly status: number
  /** The JSON of the body. */
  readonly body: unknown
}

/** The management API of one host, over one connection. */
export interface ManagementApi {
  readonly host: string
  /**
   * Asks for a path below `/api/`. Returns answers with status 200, and with those of `expected`.
   *
   * @throws SourceProblem
   */
  get(path: string, expected?: readonly number[]): Promise<ApiAnswer>
  close(): void
}

/** Options of {@link openApi}. */
export interface ApiOptions {
  readonly secret: Secret
  readonly readAuthority: ReadAuthority
  /** Ends everything, the connection too. */
  readonly signal: AbortSignal
}

const CONNECT_MS = 5_000
/** Longest time for one answer. */
const ANSWER_MS = 8_000
/** 500 queues have less than 300 kB. */
const MOST_BYTES = 4 * 2 ** 20

/**
 * Opens the management API of one host. No redirect is followed, and no proxy asked: the password goes to this host only.
 *
 * @throws SourceProblem
 */
export async function openApi(
  host: string,
  definition: RabbitmqDefinition,
  options: ApiOptions,
): Promise<ManagementApi> {
  const { tls, port, user } = definition
  const { secret, readAuthority, signal } = options
  const ca = tls === 'verify' ? await readAuthority(signal) : undefined
  const closing = new AbortController()
  const origin = `${tls === 'off' ? 'http' : 'https'}://${isIP(host) === 6 ? `[${host}]` : host}:${port}`
  const client = new Client(origin, {
    allowH2: false,
    connect: {
      timeout: CONNECT_MS,
      // undici's own signal has no effect while it connects.
      signal: AbortSignal.any([signal, closing.signal]),
      rejectUnauthorized: tls === 'verify',
      ...(ca === undefined ? {} : { ca }),
    },
    headersTimeout: 0,
    bodyTimeout: 0,
    maxResponseSize: MOST_BYTES,
  })
  const headers = {
    accept: 'application/json',
    authorization: `Basic ${Buffer.from(`${user}:${secret.reveal()}`).toString('base64')}`,
    'user-agent': `claimlinc-teams/${packageVersion()}`,
  }
  return {
    host,
    async get(path, expected = []) {
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)])
      try {
        const { statusCode, body } = await client.request({
          method: 'GET',
          path: `/api/${path}`,
          headers,
          signal: deadline,
        })
        return readAnswer(statusCode, await body.text(), expected)
      } catch (error) {
        throw error instanceof SourceProblem ? error : new SourceProblem(codeOfFailure(error), { cause: error })
      }
    },
    close() {
      closing.abort()
      void client.destroy().catch(() => undefined)
    },
  }
}

/** @throws SourceProblem for a status that is not expected, and for a body that is no JSON */
function readAnswer(status: number, text: string, expected: readonly number[]): ApiAnswer {
  const body = parsed(text)
  if ((status === 200 || expected.includes(status)) && body !== undefined) return { status, body }
  throw new SourceProblem(codeOfStatus(status, body))
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** RabbitMQ answers 401 for a wrong password, and for a tag or a permission that the user lacks: the reason says which. */
const LACKS_RIGHTS = /\bnot (?:management|monitor|administrator)\b|virtual host/i

function codeOfStatus(status: number, body: unknown): SourceCode {
  if (status === 401) {
    const reason = isObject(body) && typeof body.reason === 'string' ? body.reason : ''
    return LACKS_RIGHTS.test(reason) ? 'rights_missing' : 'secret_refused'
  }
  if (status === 403) return 'rights_missing'
  // What RabbitMQ does not have, it answers in JSON; another server, with a page.
  if (status === 404 && isObject(body)) return 'refused'
  return [429, 502, 503, 504].includes(status) ? 'busy' : 'answer_unreadable'
}

const UNREACHED = [
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
]
const TOO_LARGE = ['UND_ERR_RES_EXCEEDED_MAX_SIZE', 'UND_ERR_HEADERS_OVERFLOW']

function codeOfFailure(error: unknown): SourceCode {
  const code = codeOf(error) ?? ''
  if (UNREACHED.includes(code)) return 'not_reached'
  if (TOO_LARGE.includes(code)) return 'answer_too_large'
  if (code.startsWith('HPE_')) return 'answer_unreadable'
  return /^(CERT_|ERR_TLS|ERR_SSL|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO|EPROTO)/.test(code) ? 'tls_failed' : 'no_answer'
}
