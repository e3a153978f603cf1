import { Agent, request } from 'undici'
import type { VaultDefinition } from '../../catalogue/vault-definition.ts'
import type { SourceCode } from '../../contract/sources.ts'
import { codeOf } from '../../kernel/errors.ts'
import { isObject } from '../../kernel/json.ts'
import type { Secret } from '../../kernel/secret.ts'
import type { ReadAuthority } from '../authority.ts'
import { SourceProblem } from '../source.ts'

/** Longest time of one request, its connection included. A look makes at most three, one after the other. */
export const REQUEST_MS = 5_000
/** Longest time for a connection: a node that is away shall not count as one that does not answer. */
const CONNECT_MS = 3_000
/** Answers have some kilobytes; the metrics of a large cluster, some hundred. */
const MOST_BYTES = 4 * 2 ** 20

/** A node's answer to one request. */
export interface NodeAnswer {
  readonly status: number
  readonly text: string
}

/** Requests to the nodes of a cluster, each by its own address. */
export interface NodeClient {
  /** Sends a request below `/v1/`, and returns the answer of whatever status. No redirect is followed. @throws SourceProblem */
  ask(
    node: string,
    path: string,
    options?: { readonly token?: Secret | undefined; readonly method?: 'GET' | 'POST' },
  ): Promise<NodeAnswer>
  /** Ends connections and requests in flight. */
  close(): void
}

/**
 * Makes the client of one look. Its connections are closed after it, so that a renewed `ca_file` counts. Without the client of
 * `src/secrets/vault`, which follows redirects to the active node, and reads answers without a limit of bytes.
 *
 * @throws SourceProblem where `ca_file` can not be read
 */
export async function openNodes(
  { tls, caFile }: Pick<VaultDefinition, 'tls' | 'caFile'>,
  readAuthority: ReadAuthority,
  signal: AbortSignal,
): Promise<NodeClient> {
  const ca = caFile === undefined ? undefined : await readAuthority(signal)
  const closing = new AbortController()
  const dispatcher = new Agent({
    allowH2: false,
    maxResponseSize: MOST_BYTES,
    connect: {
      timeout: CONNECT_MS,
      rejectUnauthorized: tls === 'verify',
      signal: closing.signal,
      ...(ca === undefined ? {} : { ca }),
    },
  })
  return {
    async ask(node, path, { token, method = 'GET' } = {}) {
      const headers = {
        'x-vault-request': 'true',
        ...(token === undefined ? {} : { 'x-vault-token': token.reveal() }),
        ...(method === 'POST' ? { 'content-type': 'application/json' } : {}),
      }
      try {
        const { statusCode, body } = await request(`${node}/v1/${path}`, {
          method,
          headers,
          ...(method === 'POST' ? { body: '{}' } : {}),
          dispatcher,
          signal: AbortSignal.any([signal, closing.signal, AbortSignal.timeout(REQUEST_MS)]),
        })
        return { status: statusCode, text: await body.text() }
      } catch (error) {
        throw new SourceProblem(codeOfRequest(error), { cause: error })
      }
    },
    close() {
      closing.abort()
      void dispatcher.destroy()
    },
  }
}

/** The object in an answer. @throws SourceProblem `answer_unreadable` */
export function objectIn({ text }: NodeAnswer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (isObject(value)) return value
  } catch {}
  throw new SourceProblem('answer_unreadable')
}

const UNREACHED = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT']
const TLS = /^(CERT_|ERR_TLS|ERR_SSL|ERR_OSSL|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO|HOSTNAME_MISMATCH|EPROTO)/

/** Why a connection or a request failed. */
export function codeOfRequest(error: unknown): SourceCode {
  const code = codeOf(error) ?? ''
  if (UNREACHED.includes(code)) return 'not_reached'
  if (TLS.test(code)) return 'tls_failed'
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE' || code === 'UND_ERR_HEADERS_OVERFLOW') return 'answer_too_large'
  return code.startsWith('HPE_') ? 'answer_unreadable' : 'no_answer'
}
