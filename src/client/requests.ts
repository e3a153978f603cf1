import { setTimeout as sleepFor } from 'node:timers/promises'
import { z } from 'zod'
import { problemWire } from '../contract/problem.ts'
import { ERROR_CODES, type ErrorCode } from '../kernel/error-codes.ts'
import { GatewayError } from '../kernel/errors.ts'
import { noAnswer, unreachable } from './unreachable.ts'

/** The gateway's address, and options of requests to it. */
export interface RequestOptions {
  /** Address of the gateway, for example `http://127.0.0.1:8080`. A path in it is a prefix of all requests' paths. */
  readonly url: string
  /** A token of TEAMS_API_TOKENS; not needed by a gateway without tokens. */
  readonly token?: string
  /** Replaces the global `fetch`, for example to use a proxy. */
  readonly fetch?: typeof globalThis.fetch
  /** Milliseconds after which a request without an answer is aborted; 30,000 by default. */
  readonly timeout?: number
  /** Waits between tries; a timer by default. */
  readonly sleep?: (ms: number) => Promise<unknown>
}

/** One request. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: string
  /** Media type of the body; JSON if absent. */
  readonly bodyType?: 'application/json' | 'text/plain'
  /** True for an idempotent request, which may be retried. */
  readonly repeatable: boolean
  /** True where the answer is plain text. */
  readonly text?: boolean
  /** Called after each failed try, the last one included. */
  readonly onFailure?: (error: GatewayError) => void
}

/** Requests to one gateway. */
export interface Requests {
  /** Returns the answer's parsed body, or its text for a request with `text`. @throws GatewayError with the gateway's code, or `gateway_unreachable` */
  send(request: ApiRequest): Promise<unknown>
  /** Decodes an answer by its schema. @throws GatewayError `gateway_unreachable` where the answer does not fit */
  read<T extends z.ZodType>(schema: T, answer: unknown): z.output<T>
}

type Attempt =
  | { readonly answer: unknown; readonly error?: never; readonly transient?: never; readonly retryAfterMs?: never }
  | {
      readonly answer?: never
      readonly error: GatewayError
      readonly transient: boolean
      readonly retryAfterMs: number
    }

const RETRIES = 3
const FIRST_WAIT_MS = 250
const DEFAULT_TIMEOUT_MS = 30_000
/** Upper limit for Retry-After: after a longer wait, a caller needs the error. */
const MAX_RETRY_AFTER_MS = 10_000
/** Statuses of a gateway that stops or has lost its database, and of a proxy in front of it meanwhile. */
const TRANSIENT_STATUSES = new Set([502, 503, 504])

/** @throws GatewayError `invalid_request` for a URL or token that can not be used. */
export function createRequests(options: RequestOptions): Requests {
  const base = baseUrl(options.url)
  const { token, timeout = DEFAULT_TIMEOUT_MS, sleep = sleepFor } = options
  // Checked here, because fetch's error for a header that it refuses quotes the token.
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token))
    throw new GatewayError('invalid_request', [
      { at: 'token', found: 'text with spaces or other characters', expected: 'a token of TEAMS_API_TOKENS' },
    ])

  async function attempt({
    method,
    path,
    body,
    bodyType = 'application/json',
    text: asText,
  }: ApiRequest): Promise<Attempt> {
    const doFetch = options.fetch ?? globalThis.fetch
    let status: number
    let text: string
    let retryAfterMs: number
    try {
      const response = await doFetch(base + path, {
        method,
        headers: {
          accept: `${asText ? 'text/plain' : 'application/json'}, application/problem+json`,
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': bodyType }),
        },
        // A redirect could send the token to another server, and would turn a POST into a GET.
        redirect: 'manual',
        signal: AbortSignal.timeout(timeout),
        ...(body === undefined ? {} : { body }),
      })
      status = response.status
      retryAfterMs = Math.min(MAX_RETRY_AFTER_MS, 1000 * Math.max(0, Number(response.headers.get('retry-after')) || 0))
      text = await response.text()
    } catch (error) {
      return { error: noAnswer(base, error), transient: true, retryAfterMs: 0 }
    }
    if (asText && status >= 200 && status < 300) return { answer: text }
    const answer = parseJson(text)
    if (status >= 200 && status < 300) return { answer }
    return { error: errorOf(status, answer, base), transient: TRANSIENT_STATUSES.has(status), retryAfterMs }
  }

  return {
    async send(request) {
      for (let retry = 0; ; retry++) {
        const { answer, error, transient, retryAfterMs } = await attempt(request)
        if (!error) return answer
        request.onFailure?.(error)
        if (!request.repeatable || !transient || retry === RETRIES) throw error
        // Jitter, so that callers do not all retry at the same moment after an outage.
        await sleep(retryAfterMs + FIRST_WAIT_MS * 2 ** retry * (0.5 + Math.random()))
      }
    },
    read(schema, answer) {
      const result = z.safeDecode(schema, answer as z.input<typeof schema>)
      if (result.success) return result.data
      throw unreachable(base, 'an answer that is not one of a gateway')
    },
  }
}

function baseUrl(url: string): string {
  const parsedUrl = URL.canParse(url) ? new URL(url) : undefined
  const expected = 'an http or https URL such as http://127.0.0.1:8080, without user name, query and fragment'
  if (!parsedUrl || !['http:', 'https:'].includes(parsedUrl.protocol)) {
    const found = /^https?:\/\//i.test(url) ? 'an address that is no URL' : 'no http:// or https:// at its start'
    throw new GatewayError('invalid_request', [{ at: 'url', found, expected }])
  }
  if (parsedUrl.username || parsedUrl.password || parsedUrl.search || parsedUrl.hash)
    throw new GatewayError('invalid_request', [{ at: 'url', found: 'a URL with more in it', expected }])
  return parsedUrl.origin + parsedUrl.pathname.replace(/\/+$/, '')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function errorOf(status: number, answer: unknown, base: string): GatewayError {
  const result = problemWire.safeParse(answer)
  const code = result.success ? knownCode(result.data.code) : undefined
  if (result.success && code) return new GatewayError(code, result.data.errors)
  return unreachable(base, `status ${status} from something that is no gateway of this version`)
}

function knownCode(code: string): ErrorCode | undefined {
  return Object.keys(ERROR_CODES).find((known): known is ErrorCode => known === code)
}
