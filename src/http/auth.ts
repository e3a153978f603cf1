import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { shownSignature, showsSignature } from '../contract/check-signature.ts'
import { refuseForeignOrigin, refuseForeignPages } from '../kernel/browser-guard.ts'
import { GatewayError } from '../kernel/errors.ts'
import { allows, parseApiToken, SCOPES, type Scope } from '../settings/api-tokens.ts'
import { createInboundSecrets } from './inbound-secret.ts'

/** The caller of a request. */
export interface Caller {
  /**
   * The caller's name in the record of events and actions: `http`, `http:<name of the token>`, `http:signed`,
   * `http:signed:<name or fingerprint>`.
   */
  readonly origin: string
  readonly scopes: ReadonlySet<Scope>
  /** True for a caller who signed the request's body. */
  readonly signed: boolean
  /** `webhook-id` of a signed request; absent for `x-hmac-signature`, which covers no id. */
  readonly requestId?: string
}

/** The settings with tokens and secrets of callers. */
export interface AuthSettings {
  readonly TEAMS_API_TOKENS: readonly string[] | undefined
  readonly TEAMS_INBOUND_SECRETS: readonly string[] | undefined
  /** Names of the secrets whose callers also have the scope act. */
  readonly TEAMS_INBOUND_ACT?: readonly string[] | undefined
}

/** Authenticates callers by token or signature. */
export interface Authenticator {
  /** True when no token is configured: every program that can reach the port may call. */
  readonly open: boolean
  /**
   * The caller by the token in `authorization`; `'signature'` where {@link bySignature} has to find the caller, once the
   * body is read.
   *
   * @throws GatewayError `unauthenticated`, `forbidden`
   */
  byHeaders(headers: IncomingHttpHeaders, scope: Scope, signable: boolean): Caller | 'signature'
  /**
   * The caller by the signature over the body: Standard Webhooks or `x-hmac-signature`.
   *
   * @throws GatewayError `unauthenticated`
   */
  bySignature(headers: IncomingHttpHeaders, body: Buffer): Caller
}

interface Token {
  readonly caller: Caller
  readonly digest: Buffer
}

const ALL_SCOPES: ReadonlySet<Scope> = new Set(SCOPES)
const OPEN: Caller = { origin: 'http', scopes: ALL_SCOPES, signed: false }
const SIGNED_SCOPES: ReadonlySet<Scope> = new Set<Scope>(['send'])
const ACTING_SCOPES: ReadonlySet<Scope> = new Set<Scope>(['send', 'act'])

/**
 * Makes an authenticator from the settings.
 *
 * @throws GatewayError `invalid_settings` for a token or secret that no caller could ever use.
 */
export function createAuthenticator(settings: AuthSettings): Authenticator {
  const tokens = (settings.TEAMS_API_TOKENS ?? []).map(createToken)
  const secrets = createInboundSecrets(settings.TEAMS_INBOUND_SECRETS ?? [])
  const open = tokens.length === 0
  const acting = new Set((settings.TEAMS_INBOUND_ACT ?? []).map((name) => `http:signed:${name}`))

  return {
    open,
    byHeaders(headers, scope, signable) {
      if (headers.authorization === undefined || open) {
        // Secrets are set: a request without signature may not send, not even from this machine.
        if (signable && secrets.length > 0 && (scope === 'send' || acting.size > 0)) {
          if (showsSignature(headers)) return 'signature'
          throw refusal(open ? 'webhook-signature' : 'authorization', 'nothing')
        }
        if (open) return OPEN
        throw refusal('authorization', 'nothing')
      }
      const token = tokenIn(headers.authorization)
      if (token === undefined) throw refusal('authorization', 'something other than "Bearer <token>"')
      const digest = sha256(token)
      let caller: Caller | undefined
      // Compared with every token, in constant time, so that the duration reveals nothing about the tokens.
      for (const known of tokens) if (timingSafeEqual(known.digest, digest)) caller ??= known.caller
      if (!caller) throw refusal('authorization', 'a token that is not known')
      if (!allows(caller.scopes, scope))
        throw new GatewayError('forbidden', [
          {
            at: 'authorization',
            found: `a token with the scope ${[...caller.scopes].join(', ')}`,
            expected: `a token with the scope ${scope}`,
          },
        ])
      return caller
    },
    bySignature(headers, body) {
      const signature = shownSignature(headers)
      let origin: string | undefined
      // Every secret is tried, also after a match: constant time, as for tokens.
      for (const secret of secrets) if (secret.verifies(signature, body)) origin ??= secret.origin
      if (origin !== undefined)
        return {
          origin,
          signed: true,
          scopes: acting.has(origin) ? ACTING_SCOPES : SIGNED_SCOPES,
          ...(signature.kind === 'standard' ? { requestId: signature.id } : {}),
        }
      if (signature.kind === 'plain') throw refusal('x-hmac-signature', 'a signature that does not fit the body')
      throw refusal('webhook-signature', 'a signature that does not fit the body, or that is older than 5 minutes')
    },
  }
}

/** The token of an Authorization header: after `Bearer`, or the password of `Basic`, which browsers ask for. */
function tokenIn(authorization: string): string | undefined {
  const bearer = /^Bearer +([\x21-\x7e]+) *$/i.exec(authorization)?.[1]
  if (bearer !== undefined) return bearer
  const basic = /^Basic +([A-Za-z0-9+/=]+) *$/i.exec(authorization)?.[1]
  return basic === undefined
    ? undefined
    : /^[^:]*:([\x21-\x7e]+)$/.exec(Buffer.from(basic, 'base64').toString('utf8'))?.[1]
}

/** True for credentials that a browser adds by itself, also to requests that a page of another site makes (CSRF). */
function isAmbient(authorization: string | undefined): boolean {
  return authorization !== undefined && /^Basic /i.test(authorization)
}

function refusal(at: string, found: string): GatewayError {
  const expected =
    at === 'webhook-signature'
      ? 'a Standard Webhooks signature, or X-HMAC-Signature, with a secret of TEAMS_INBOUND_SECRETS'
      : at === 'x-hmac-signature'
        ? 'hex of the HMAC-SHA256 of the body, with a secret of TEAMS_INBOUND_SECRETS'
        : 'Bearer and a token of TEAMS_API_TOKENS'
  return new GatewayError('unauthenticated', [{ at, found, expected }])
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/** Throws for an entry of another form: {@link AuthSettings} need not have passed the check of the settings. */
function createToken(entry: string, index: number): Token {
  const parsed = parseApiToken(entry)
  if (parsed === undefined) {
    const found = `an entry of another form (entry ${index + 1})`
    throw new GatewayError('invalid_settings', [{ at: 'TEAMS_API_TOKENS', found, expected: 'name:scope+scope:token' }])
  }
  const { name, scopes, token } = parsed
  return { caller: { origin: `http:${name}`, scopes, signed: false }, digest: sha256(token) }
}

/**
 * Checks that the caller of each request has the scope in its route's `config`, also for plugins' routes. Tokens are
 * checked before the body is read, signatures after that and before the handler.
 */
export function guardAccess(app: FastifyInstance, auth: Authenticator): void {
  app.decorateRequest('caller', null)
  app.addHook('onRequest', async (request) => {
    const { scope, signable } = request.routeOptions.config
    const safeMethod = request.method === 'GET' || request.method === 'HEAD'
    if (auth.open) refuseForeignPages(request.headers)
    else if (!safeMethod && (scope === undefined || isAmbient(request.headers.authorization)))
      refuseForeignOrigin(request.headers)
    if (scope === undefined) return
    const caller = auth.byHeaders(request.headers, scope, signable === true)
    if (caller !== 'signature') request.caller = caller
  })
  app.addHook('preHandler', async (request) => {
    const { scope } = request.routeOptions.config
    if (scope === undefined || request.caller !== null) return
    const caller = auth.bySignature(request.headers, Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0))
    // Without an id and a time, an action that somebody overheard could be asked for again.
    if (scope === 'act' && caller.requestId === undefined) throw refusal('webhook-signature', 'nothing')
    if (!caller.scopes.has(scope))
      throw new GatewayError('forbidden', [
        {
          at: 'webhook-signature',
          found: 'a secret whose callers may only send',
          expected: 'a secret whose name is in TEAMS_INBOUND_ACT, or a token with the scope act',
        },
      ])
    request.caller = caller
  })
}
