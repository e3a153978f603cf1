import type { Clock } from '../../kernel/clock.ts'
import { isObject } from '../../kernel/json.ts'
import { Secret } from '../../kernel/secret.ts'
import { outcomeOfError, receiverCode } from '../outcome.ts'
import type { ProxyFor } from '../proxy.ts'
import { createConnections, type TlsOptions } from '../requests/connections.ts'
import { exchange, timeoutCode } from '../requests/exchange.ts'

/** The Entra application whose tokens a flow accepts: the TEAMS_ENTRA_ settings. */
export interface EntraCredentials {
  /** For example `https://login.microsoftonline.com`. */
  readonly authority: string
  readonly tenantId: string
  readonly clientId: string
  readonly clientSecret: Secret
  readonly scope: string
}

export interface EntraTokensOptions extends EntraCredentials {
  readonly timeoutMs: number
  readonly tls: TlsOptions
  readonly proxyFor?: ProxyFor | undefined
  readonly clock: Clock
}

/** A token, or the error code of a failed request for one. */
export type TokenAnswer =
  | {
      readonly ok: true
      readonly token: Secret
      /**
       * False for a cached token, which may have been revoked meanwhile: a flow's refusal is then worth a second token.
       */
      readonly fresh: boolean
    }
  | { readonly ok: false; readonly errorCode: string | undefined }

/** Tokens for flows with `auth: entra`, by the OAuth 2.0 client credentials grant. */
export interface EntraTokens {
  /** Never throws: a failure is an answer. Failures are not cached; the next call requests a token again. */
  token(): Promise<TokenAnswer>
  /** Removes a refused token from the cache; does nothing where the cache has another one by now. */
  drop(token: Secret): void
  /** Also aborts a request in flight. */
  close(): Promise<void>
}

/**
 * A token is renewed this long before it expires; a short-lived one at half of its lifetime, or it would never be used.
 */
const RENEW_BEFORE_EXPIRY_MS = 300_000

/**
 * Requests tokens from `{authority}/{tenant}/oauth2/v2.0/token` and caches one until five minutes before it expires. At
 * most one request is in flight, shared by all callers, so that a storm after a cold start makes one request.
 */
export function createEntraTokens(options: EntraTokensOptions): EntraTokens {
  const connections = createConnections({
    total: 1,
    perHost: 1,
    connectTimeoutMs: options.timeoutMs,
    tls: options.tls,
    proxyFor: options.proxyFor,
  })
  const url = new URL(
    `${options.authority.replace(/\/+$/, '')}/${encodeURIComponent(options.tenantId)}/oauth2/v2.0/token`,
  )
  let cached: { readonly token: Secret; readonly untilMs: number } | undefined
  let inFlight: Promise<TokenAnswer> | undefined

  async function fetchToken(): Promise<TokenAnswer> {
    const requestedMs = options.clock.now().getTime()
    const result = await exchange(connections, options.clock, {
      origin: url.origin,
      path: url.pathname,
      make: () => ({
        headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
        body: Buffer.from(
          new URLSearchParams({
            grant_type: 'client_credentials',
            client_id: options.clientId,
            client_secret: options.clientSecret.reveal(),
            scope: options.scope,
          }).toString(),
        ),
      }),
      timeoutMs: options.timeoutMs,
    })
    if (result.status === undefined) {
      const error = result.why === 'timeout' ? { code: timeoutCode(result.begun) } : result.error
      return { ok: false, errorCode: outcomeOfError(error, false).errorCode }
    }
    if (result.status !== 200) return { ok: false, errorCode: errorIn(result.body) ?? `HTTP_${result.status}` }
    const granted = tokenIn(result.body)
    if (!granted) return { ok: false, errorCode: 'invalid_token_response' }
    cached = {
      token: granted.token,
      untilMs: requestedMs + granted.lifetimeMs - Math.min(RENEW_BEFORE_EXPIRY_MS, granted.lifetimeMs / 2),
    }
    return { ok: true, token: granted.token, fresh: true }
  }

  /**
   * Entra's error code (`invalid_client`), never its description, which names the application and sometimes its secret.
   */
  function errorIn(text: string): string | undefined {
    const json = parse(text)
    return isObject(json) ? receiverCode(json.error, () => [options.clientSecret.reveal()]) : undefined
  }

  return {
    async token() {
      if (cached && options.clock.now().getTime() < cached.untilMs)
        return { ok: true, token: cached.token, fresh: false }
      inFlight ??= fetchToken().finally(() => {
        inFlight = undefined
      })
      return inFlight
    },
    drop(token) {
      if (cached?.token.equals(token)) cached = undefined
    },
    close: () => connections.close(),
  }
}

/** The token and lifetime in an answer; undefined without a lifetime, or for a token that is no valid header value. */
function tokenIn(text: string): { readonly token: Secret; readonly lifetimeMs: number } | undefined {
  const json = parse(text)
  if (!isObject(json)) return undefined
  const lifetimeSeconds = Number(json.expires_in)
  if (typeof json.access_token !== 'string' || !/^[\x21-\x7e]+$/.test(json.access_token) || !(lifetimeSeconds > 0))
    return undefined
  return { token: new Secret(json.access_token), lifetimeMs: lifetimeSeconds * 1000 }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
