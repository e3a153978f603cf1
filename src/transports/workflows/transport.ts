import { type Clock, systemClock } from '../../kernel/clock.ts'
import type { Secret } from '../../kernel/secret.ts'
import { packageVersion } from '../../kernel/version.ts'
import { outcome, outcomeOfAnswer, outcomeOfError } from '../outcome.ts'
import type { ProxyFor } from '../proxy.ts'
import { parseRetryAfter } from '../retry-after.ts'
import { signedHeaders } from '../signature.ts'
import type { Outcome, SendRequest, Transport } from '../transport.ts'
import { createAddressChecks, createDestinations } from './addresses.ts'
import { createConnections, type TlsOptions } from './connections.ts'
import { createEntraTokens, type EntraCredentials, type TokenAnswer } from './entra.ts'
import { bodyOf } from './envelope.ts'
import { exchange, timeoutCode } from './exchange.ts'

/** What the transport needs to know; all of it comes from the settings and the secrets. */
export interface WorkflowsTransportOptions {
  /** The webhook URL of a channel, read at each post; undefined where none is set. */
  readonly webhook: (channelKey: string) => Secret | undefined
  /** The secrets that sign, read at each post, so that a new one counts at once. */
  readonly signingSecrets: () => readonly Secret[]
  readonly totalConnections: number
  readonly connectionsPerHost: number
  /** From the start of a post to the end of its answer, in milliseconds; waiting for a free connection is not counted. */
  readonly timeoutMs: number
  /** Longest Retry-After that is believed, in milliseconds. */
  readonly maxRetryAfterMs: number
  readonly tls: TlsOptions
  /** Where posts and requests for tokens go through a proxy. */
  readonly proxyFor?: ProxyFor | undefined
  readonly extraHostSuffixes: readonly string[]
  /** Origin of the built-in sandbox while it is mounted; asked at each post, since its port may be known late. */
  readonly sandboxOrigin?: () => string | undefined
  /** For channels with `auth: entra`; without it their posts come to `token_unavailable`. */
  readonly entra?: EntraCredentials | undefined
  readonly clock?: Clock
}

/**
 * Posts cards to the webhooks of Teams workflows.
 *
 * A post that ends early is told apart by how far it came: while it waits for a token, a free connection or the connection to
 * open, nothing was written, so an abort is `handed_back` and a timeout `connection_failed`. From the first byte on they
 * are `interrupted` and `timed_out`, and the card may have arrived. Once the status line is there, the status alone decides.
 *
 * Waiting for a free connection has no time limit of its own: all flows of an environment share one host, and a post that stands
 * in line behind others has not failed. Each of those ends within the timeout, and the caller's signal ends the wait.
 */
export function createWorkflowsTransport(options: WorkflowsTransportOptions): Transport {
  const clock = options.clock ?? systemClock
  const connections = createConnections({
    total: options.totalConnections,
    perHost: options.connectionsPerHost,
    connectTimeoutMs: options.timeoutMs,
    tls: options.tls,
    proxyFor: options.proxyFor,
  })
  const entra =
    options.entra &&
    createEntraTokens({
      ...options.entra,
      timeoutMs: options.timeoutMs,
      tls: options.tls,
      proxyFor: options.proxyFor,
      clock,
    })
  const userAgent = `claimlinc-teams/${packageVersion()}`
  const addresses = createAddressChecks({ extraSuffixes: options.extraHostSuffixes })
  const underWay = new Set<Promise<Outcome>>()
  let closed = false

  async function attempt(request: SendRequest): Promise<Outcome> {
    const { channel } = request
    const { check: address, parts } = addresses(channel, request.destination.address, options.sandboxOrigin?.())
    if (!address.ok) return outcome('address_invalid', { errorCode: address.code })
    let made: Buffer | undefined
    const body = () => {
      made ??= bodyOf(channel.payload, request.card())
      return made
    }
    const post = (token?: Secret) => postOnce(request, address, parts, body, token)

    // The sandbox is no flow: a real token has no business there.
    if (channel.auth !== 'entra' || address.sandbox) return post()
    const first = await tokenFor(request)
    if (!first) return outcome('handed_back')
    if (!first.ok) return outcome('token_unavailable', { errorCode: first.errorCode })
    const refused = await post(first.token)
    if (refused.name !== 'unauthorized') return refused
    // Dropped in any case, so that the breaker's next probe shows what an administrator has granted since.
    entra?.drop(first.token)
    if (refused.statusCode !== 401 || first.fresh) return refused
    const second = await tokenFor(request)
    if (!second?.ok) return refused
    const again = await post(second.token)
    // What the flow said last is what is known of it.
    return again.name === 'handed_back' ? refused : again
  }

  /** Undefined once the caller gave up. */
  async function tokenFor(request: SendRequest): Promise<TokenAnswer | undefined> {
    if (!entra) return { ok: false, errorCode: 'entra_not_set' }
    return untilAborted(entra.token(), [request.signal, request.callOff])
  }

  async function postOnce(
    request: SendRequest,
    { origin, path }: { readonly origin: string; readonly path: string },
    parts: readonly string[],
    body: () => Buffer,
    token: Secret | undefined,
  ): Promise<Outcome> {
    const secrets = options.signingSecrets()
    const result = await exchange(connections, clock, {
      origin,
      path,
      make: () => ({ headers: headersOf(request, body(), secrets, token), body: body() }),
      timeoutMs: options.timeoutMs,
      signal: request.signal,
      callOff: request.callOff,
      mayPost: request.mayPost,
    })
    if (result.status !== undefined)
      return outcomeOfAnswer({
        status: result.status,
        body: result.body,
        retryAfterMs: parseRetryAfter(result.headers['retry-after'], clock.now(), options.maxRetryAfterMs),
        sent: () => [...parts, body().toString(), ...[token, ...secrets].flatMap((secret) => secret?.reveal() ?? [])],
      })
    const { why, begun } = result
    if (why === 'timeout') return outcomeOfError({ code: timeoutCode(begun) }, begun)
    if (why === 'caller') return outcome(begun ? 'interrupted' : 'handed_back', { mayHaveArrived: begun })
    return outcomeOfError(result.error, begun)
  }

  function headersOf(
    request: SendRequest,
    body: Buffer,
    secrets: readonly Secret[],
    token: Secret | undefined,
  ): Record<string, string> {
    return {
      ...signedHeaders({
        id: request.notificationId,
        correlationId: request.correlationId,
        priority: request.priority,
        attempt: request.attempt,
        repeat: request.repeat,
        at: clock.now(),
        body,
        secrets,
      }),
      // Without the charset the old connectors counted a card as twice its size.
      'content-type': 'application/json; charset=utf-8',
      'user-agent': userAgent,
      // Never on a SAS URL: the trigger then refuses with DirectApiAuthorizationRequired.
      ...(token ? { authorization: `Bearer ${token.reveal()}` } : {}),
    }
  }

  return {
    destination: createDestinations(options.webhook),
    async send(request) {
      if (closed || request.signal.aborted || request.callOff.aborted) return outcome('handed_back')
      const sending = attempt(request).catch((error) => outcomeOfError(error, false))
      underWay.add(sending)
      try {
        return await sending
      } finally {
        underWay.delete(sending)
      }
    },
    async close() {
      closed = true
      await Promise.all(underWay)
      await Promise.all([connections.close(), entra?.close()])
    },
  }
}

function untilAborted<T>(promise: Promise<T>, signals: readonly AbortSignal[]): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const leave = () => resolve(undefined)
    if (signals.some(({ aborted }) => aborted)) return leave()
    for (const signal of signals) signal.addEventListener('abort', leave, { once: true })
    promise.then(resolve, reject).finally(() => {
      for (const signal of signals) signal.removeEventListener('abort', leave)
    })
  })
}
