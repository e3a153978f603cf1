import type { Channel } from '../../catalogue/catalogue.ts'
import { utf8Of } from '../../kernel/characters.ts'
import { type Clock, systemClock } from '../../kernel/clock.ts'
import type { Secret } from '../../kernel/secret.ts'
import { packageVersion } from '../../kernel/version.ts'
import { outcome, outcomeOfAnswer, outcomeOfError } from '../outcome.ts'
import type { ProxyFor } from '../proxy.ts'
import { untilAborted } from '../requests/abort-listeners.ts'
import { createConnections, type TlsOptions } from '../requests/connections.ts'
import { exchange, timeoutCode } from '../requests/exchange.ts'
import { parseRetryAfter } from '../retry-after.ts'
import { signedHeaders } from '../signature.ts'
import type { Outcome, SendRequest, Transport } from '../transport.ts'
import { createAddressChecks, createDestinations } from './addresses.ts'
import { createEntraTokens, type EntraCredentials, type TokenAnswer } from './entra.ts'

/** Options of {@link createWorkflowsTransport}, from the settings and the secrets. */
export interface WorkflowsTransportOptions {
  /** The webhook URL of a channel, read at each post; undefined where none is set. */
  readonly webhook: (channelKey: string) => Secret | undefined
  /** Signing secrets, read at each post, so that a new one is used at once. */
  readonly signingSecrets: () => readonly Secret[]
  readonly totalConnections: number
  readonly connectionsPerHost: number
  /** From the start of a post to the end of its answer, in milliseconds; waiting for a free connection is not counted. */
  readonly timeoutMs: number
  /** Upper limit for Retry-After, in milliseconds. */
  readonly maxRetryAfterMs: number
  readonly tls: TlsOptions
  /** Chooses the proxy for posts and token requests. */
  readonly proxyFor?: ProxyFor | undefined
  readonly extraHostSuffixes: readonly string[]
  /**
   * Origin of the built-in sandbox while it is mounted. Called at each post, since the port is known only once it
   * listens.
   */
  readonly sandboxOrigin?: () => string | undefined
  /** For channels with `auth: entra`; without it the outcome of their posts is `token_unavailable`. */
  readonly entra?: EntraCredentials | undefined
  readonly clock?: Clock
}

/**
 * Posts cards to the webhooks of Teams workflows. The outcome of an aborted or timed-out post depends on its progress:
 *
 * | progress                                                     | abort         | timeout             |
 * | ------------------------------------------------------------ | ------------- | ------------------- |
 * | waits for a token, a free or an opening connection           | `handed_back` | `connection_failed` |
 * | first byte written; the card may have arrived                | `interrupted` | `timed_out`         |
 * | status line received                                         | by the status | by the status       |
 *
 * Waiting for a free connection has no timeout: all flows of an environment share one host, and a post behind others
 * has not failed. Each post ahead of it ends within the timeout, and the caller's signal ends the wait.
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
  const inFlight = new Set<Promise<Outcome>>()
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

    // Never send a real token to the sandbox.
    if (channel.auth !== 'entra' || address.sandbox) return post()
    const first = await tokenFor(request)
    if (!first) return outcome('handed_back')
    if (!first.ok) return outcome('token_unavailable', { errorCode: first.errorCode })
    const refused = await post(first.token)
    if (refused.name !== 'unauthorized') return refused
    // Also after 403: the breaker's next probe then has a new token, with permissions that an administrator granted
    // since.
    entra?.drop(first.token)
    if (refused.statusCode !== 401 || first.fresh) return refused
    const second = await tokenFor(request)
    if (!second?.ok) return refused
    const again = await post(second.token)
    // `handed_back` would hide the flow's refusal.
    return again.name === 'handed_back' ? refused : again
  }

  /** Undefined once one of the request's signals has aborted. */
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
      // Without the charset, Office 365 connectors counted a card as twice its size.
      'content-type': 'application/json; charset=utf-8',
      'user-agent': userAgent,
      // Never with a SAS URL: the trigger refuses both together with DirectApiAuthorizationRequired.
      ...(token ? { authorization: `Bearer ${token.reveal()}` } : {}),
    }
  }

  return {
    destination: createDestinations(options.webhook),
    async send(request) {
      if (closed || request.signal.aborted || request.callOff.aborted) return outcome('handed_back')
      const sending = attempt(request).catch((error) => outcomeOfError(error, false))
      inFlight.add(sending)
      try {
        return await sending
      } finally {
        inFlight.delete(sending)
      }
    },
    async close() {
      closed = true
      await Promise.all(inFlight)
      await Promise.all([connections.close(), entra?.close()])
    },
  }
}

const BEFORE_CARD =
  '{"type":"message","attachments":[{"contentType":"application/vnd.microsoft.card.adaptive","contentUrl":null,"content":'
const AFTER_CARD = '}]}'

/**
 * The body of a post, from a card as JSON. A flow from the stock template loops over `attachments` and fails without
 * them; a custom flow that passes its whole body to "Post card" needs the card alone (`bare`). Only the flow's owner
 * knows which, hence the channel's `payload`. Always one attachment: some flows read only the first.
 */
function bodyOf(payload: Channel['payload'], cardJson: string): Buffer {
  return utf8Of(payload === 'bare' ? [cardJson] : [BEFORE_CARD, cardJson, AFTER_CARD])
}
