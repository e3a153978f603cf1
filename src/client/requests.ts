import { setTimeout as sleepFor } from 'node:timers/promises'
import { z } from 'zod'
import { problemWire } from '../contract/problem.ts'
import { ERROR_CODES, type ErrorCode } from '../kernel/error-codes.ts'
import { GatewayError } from '../kernel/errors.ts'
import { noAnswer, unreachable } from './unreachable.ts'

/** Where the gateway is and how to speak to it. */
export interface RequestOptions {
  /** Address of the gateway, for example `http://127.0.0.1:8080`; a path in it is kept in front of ours. */
  readonly url: string
  /** A token of TEAMS_API_TOKENS; not needed where none is configured. */
  readonly token?: string
  /** In place of the global `fetch`, for example to go through a proxy. */
  readonly fetch?: typeof globalThis.fetch
  /** Milliseconds until a request without an answer is given up; 30,000 if absent. */
  readonly timeout?: number
  /** Waits between tries, in place of a timer. */
  readonly sleep?: (ms: number) => Promise<unknown>
}

/** One request. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** JSON. */
  readonly body?: string
  /** True where doing it twice does no harm, so that it may be tried again. */
  readonly repeatable: boolean
  /** Hears of each try that failed, the last one too. */
  readonly onFailure?: (error: GatewayError) => void
}

/** Requests to one gateway. */
export interface Requests {
  /** The answer's body, parsed. @throws GatewayError with the code that the gateway gave, or `gateway_unreachable` */
  send(request: ApiRequest): Promise<unknown>
  /** Reads an answer by its schema. @throws GatewayError `gateway_unreachable` for what no gateway would answer */
  read<T extends z.ZodType>(schema: T, answer: unknown): z.output<T>
}

type Attempt =
  | { readonly answer: unknown; readonly error?: never; readonly passing?: never; readonly retryAfterMs?: never }
  | { readonly answer?: never; readonly error: GatewayError; readonly passing: boolean; readonly retryAfterMs: number }

const RETRIES = 3
const FIRST_WAIT = 250
const TIMEOUT = 30_000
/** Longest Retry-After in ms that is heeded; a caller who waits for longer than this wants to know. */
const LONGEST_RETRY_AFTER = 10_000
/** A gateway that stops or has lost its database, and what a proxy in front of it says meanwhile. */
const PASSING = new Set([502, 503, 504])

/** @throws GatewayError `invalid_request` for a URL or token that can not be used. */
export function createRequests(options: RequestOptions): Requests {
  const base = baseUrl(options.url)
  const { token, timeout = TIMEOUT, sleep = sleepFor } = options
  // Checked here, because fetch quotes a header that it refuses in its error.
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token))
    throw new GatewayError('invalid_request', [
      { at: 'token', found: 'text with spaces or other characters', expected: 'a token of TEAMS_API_TOKENS' },
    ])

  async function attempt({ method, path, body }: ApiRequest): Promise<Attempt> {
    const doFetch = options.fetch ?? globalThis.fetch
    let status: number
    let text: string
    let retryAfterMs: number
    try {
      const response = await doFetch(base + path, {
        method,
        headers: {
          accept: 'application/json, application/problem+json',
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        // A redirect could take the token elsewhere, and would turn a POST into a GET.
        redirect: 'manual',
        signal: AbortSignal.timeout(timeout),
        ...(body === undefined ? {} : { body }),
      })
      status = response.status
      retryAfterMs = Math.min(LONGEST_RETRY_AFTER, 1000 * (Number(response.headers.get('retry-after')) || 0))
      text = await response.text()
    } catch (error) {
      return { error: noAnswer(base, error), passing: true, retryAfterMs: 0 }
    }
    const answer = parsed(text)
    if (status >= 200 && status < 300) return { answer }
    return { error: errorOf(status, answer, base), passing: PASSING.has(status), retryAfterMs }
  }

  return {
    async send(request) {
      for (let retry = 0; ; retry++) {
        const { answer, error, passing, retryAfterMs } = await attempt(request)
        if (!error) return answer
        request.onFailure?.(error)
        if (!request.repeatable || !passing || retry === RETRIES) throw error
        // Jitter, so that the callers of a gateway that comes back do not all come at once.
        await sleep(retryAfterMs + FIRST_WAIT * 2 ** retry * (0.5 + Math.random()))
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

function parsed(text: string): unknown {
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
