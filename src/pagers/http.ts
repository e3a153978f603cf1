import type { PagerAlertCode } from '../contract/pager-alerts.ts'
import type { Clock } from '../kernel/clock.ts'
import { packageVersion } from '../kernel/version.ts'
import type { ProxyFor } from '../transports/proxy.ts'
import { type Connections, createConnections, type TlsOptions } from '../transports/requests/connections.ts'
import { exchange } from '../transports/requests/exchange.ts'
import { parseRetryAfter } from '../transports/retry-after.ts'
import type { PagerAnswer } from './pager.ts'

/** Options of {@link createPagerHttp}. */
export interface PagerHttpOptions {
  readonly timeoutMs: number
  readonly maxRetryAfterMs: number
  readonly tls: TlsOptions
  readonly proxyFor?: ProxyFor | undefined
  readonly clock: Clock
}

/** An answer with a status, or why there was none. */
export type PagerResponse =
  | {
      readonly status: number
      readonly headers: Readonly<Record<string, string | string[] | undefined>>
      readonly body: string
      readonly retryAfterMs: number | undefined
    }
  | { readonly status: undefined; readonly failure: Extract<PagerAlertCode, 'no_answer' | 'not_reached'> }

/** HTTP to the services, by the settings of posts to Teams: proxy, TLS, time-out. */
export interface PagerHttp {
  ask(
    url: URL,
    options: { readonly headers?: Readonly<Record<string, string>>; readonly body?: object },
    signal?: AbortSignal,
  ): Promise<PagerResponse>
  close(): Promise<void>
}

/** Connections to all pagers together, and to one. */
const MOST_CONNECTIONS = 8

/** Makes the HTTP client of all pagers. A request with a body is a POST of JSON. No redirect is followed. */
export function createPagerHttp(options: PagerHttpOptions): PagerHttp {
  const { timeoutMs, maxRetryAfterMs, clock } = options
  const connections: Connections = createConnections({
    total: MOST_CONNECTIONS,
    perHost: MOST_CONNECTIONS,
    connectTimeoutMs: timeoutMs,
    tls: options.tls,
    proxyFor: options.proxyFor,
  })
  return {
    async ask(url, { headers = {}, body }, signal) {
      const result = await exchange(connections, clock, {
        method: body === undefined ? 'GET' : 'POST',
        origin: url.origin,
        path: url.pathname + url.search,
        make: () => ({
          headers: {
            accept: 'application/json',
            'user-agent': `claimlinc-teams/${packageVersion()}`,
            ...(body === undefined ? {} : { 'content-type': 'application/json' }),
            ...headers,
          },
          body: body === undefined ? null : Buffer.from(JSON.stringify(body)),
        }),
        timeoutMs,
        ...(signal === undefined ? {} : { signal }),
      })
      if (result.status === undefined) return { status: undefined, failure: result.begun ? 'no_answer' : 'not_reached' }
      const { status, headers: answered, body: text } = result
      const retryAfterMs = parseRetryAfter(answered['retry-after'], clock.now(), maxRetryAfterMs)
      return { status, headers: answered, body: text, retryAfterMs }
    },
    close: () => connections.close(),
  }
}

/** The failure that a response is, by its status, as both services use them; undefined for a 2xx. */
export function failureOf(response: PagerResponse): Extract<PagerAnswer, { kind: 'failed' }> | undefined {
  if (response.status === undefined) return { kind: 'failed', code: response.failure, statusCode: null }
  const { status, retryAfterMs } = response
  if (status >= 200 && status < 300) return undefined
  return { kind: 'failed', code: codeOf(status), statusCode: status, retryAfterMs }
}

function codeOf(status: number): PagerAlertCode {
  if (status === 429) return 'throttled'
  if (status === 401 || status === 403) return 'key_refused'
  if (status === 402) return 'plan_refused'
  // 408 and 425 say that the request was not taken. A redirect or a 1xx is no answer of these services.
  return status >= 500 || status === 408 || status === 425 ? 'unavailable' : 'refused'
}
