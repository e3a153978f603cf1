import type { Clock } from '../../kernel/clock.ts'
import { isObject } from '../../kernel/json.ts'
import { Secret } from '../../kernel/secret.ts'
import { outcomeOfError, receiverCode } from '../outcome.ts'
import type { ProxyFor } from '../proxy.ts'
import { createConnections, type TlsOptions } from './connections.ts'
import { exchange, timeoutCode } from './exchange.ts'

/** An application of Entra that a flow lets in: the TEAMS_ENTRA_ settings. */
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

/** A token, or why there is none. */
export type TokenAnswer =
  | {
      readonly ok: true
      readonly token: Secret
      /** False where it comes from the cache, so that a refusal may only mean that it was withdrawn. */
      readonly fresh: boolean
    }
  | { readonly ok: false; readonly errorCode: string | undefined }

/** Tokens for flows that want one, by the client credentials grant. */
export interface EntraTokens {
  /** Never throws: a failure is an answer. It is not remembered; the next call asks again. */
  token(): Promise<TokenAnswer>
  /** Forgets a token that a flow refused; does nothing where another is in use by now. */
  drop(token: Secret): void
  /** Ends a request under way too. */
  close(): Promise<void>
}

/** How long before its end a token is used no more; of a short-lived one at most half its life, or it would never be used. */
const MARGIN_MS = 300_000

/**
 * Fetches tokens from `{authority}/{tenant}/oauth2/v2.0/token`, keeps one until five minutes before it ends, and has at most one
 * request under way, which all callers share: a storm on a cold start asks Entra once.
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
  let cached: { readonly token: Secret; readonly until: number } | undefined
  let underWay: Promise<TokenAnswer> | undefined

  async function fetchToken(): Promise<TokenAnswer> {
    const asked = options.clock.now().getTime()
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
    cached = { token: granted.token, until: asked + granted.lifeMs - Math.min(MARGIN_MS, granted.lifeMs / 2) }
    return { ok: true, token: granted.token, fresh: true }
  }

  /** Entra's own code (`invalid_client`), never its description: that names the application and, at times, its secret. */
  function errorIn(text: string): string | undefined {
    const json = parse(text)
    return isObject(json) ? receiverCode(json.error, () => [options.clientSecret.reveal()]) : undefined
  }

  return {
    async token() {
      if (cached && options.clock.now().getTime() < cached.until) return { ok: true, token: cached.token, fresh: false }
      underWay ??= fetchToken().finally(() => {
        underWay = undefined
      })
      return underWay
    },
    drop(token) {
      if (cached?.token.equals(token)) cached = undefined
    },
    close: () => connections.close(),
  }
}

/** The token of an answer that has one and can stand in a header. */
function tokenIn(text: string): { readonly token: Secret; readonly lifeMs: number } | undefined {
  const json = parse(text)
  if (!isObject(json)) return undefined
  const life = Number(json.expires_in)
  if (typeof json.access_token !== 'string' || !/^[\x21-\x7e]+$/.test(json.access_token) || !(life > 0))
    return undefined
  return { token: new Secret(json.access_token), lifeMs: life * 1000 }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
