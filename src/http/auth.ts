import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { shownSignature, showsSignature } from '../contract/check-signature.ts'
import { refuseForeignOrigin, refuseForeignPages } from '../kernel/browser-guard.ts'
import { GatewayError } from '../kernel/errors.ts'
import { createInboundSecrets } from './inbound-secret.ts'

/** What a token may be allowed: to send events, to read, to act on notifications, or all of it. */
export const SCOPES = ['send', 'read', 'act', 'admin'] as const

/** A scope of a token. */
export type Scope = (typeof SCOPES)[number]

/** Who makes a request. */
export interface Caller {
  /** As it goes into the audit: `http`, `http:<name of the token>`, `http:signed`, `http:signed:<name or fingerprint>`. */
  readonly origin: string
  readonly scopes: ReadonlySet<Scope>
  /** True for a caller who signed the request's body. */
  readonly signed: boolean
  /** The id of a signed request, where its signature covers one. */
  readonly requestId?: string
}

/** Settings that say who may call. */
export interface AuthSettings {
  readonly TEAMS_API_TOKENS: readonly string[] | undefined
  readonly TEAMS_INBOUND_SECRETS: readonly string[] | undefined
}

/** Tells callers apart. */
export interface Authenticator {
  /** True when no token is configured: then whoever can reach the port may call. */
  readonly open: boolean
  /**
   * Who calls, as far as the headers tell; `'signature'` when a signature over the body, which is not read yet, will
   * tell.
   *
   * @throws GatewayError `unauthenticated`, `forbidden`
   */
  byHeaders(headers: IncomingHttpHeaders, scope: Scope, signable: boolean): Caller | 'signature'
  /** Who calls, by the signature over the body: Standard Webhooks, or the platform's own. @throws GatewayError `unauthenticated` */
  bySignature(headers: IncomingHttpHeaders, body: Buffer): Caller
}

interface Token {
  readonly caller: Caller
  readonly digest: Buffer
}

const EVERYTHING: ReadonlySet<Scope> = new Set(SCOPES)
const OPEN: Caller = { origin: 'http', scopes: EVERYTHING, signed: false }
const SIGNED: Omit<Caller, 'origin'> = { scopes: new Set<Scope>(['send']), signed: true }

/**
 * Makes the check of callers.
 *
 * @throws GatewayError `invalid_settings` for a token or secret that no caller could ever use.
 */
export function createAuthenticator(settings: AuthSettings): Authenticator {
  const tokens = (settings.TEAMS_API_TOKENS ?? []).map(parseToken)
  const secrets = createInboundSecrets(settings.TEAMS_INBOUND_SECRETS ?? [])
  const open = tokens.length === 0

  return {
    open,
    byHeaders(headers, scope, signable) {
      if (headers.authorization === undefined || open) {
        // Whoever sets secrets wants signatures: without one, not even this machine's programs may send then.
        if (signable && secrets.length > 0) {
          if (showsSignature(headers)) return 'signature'
          throw refusal(open ? 'webhook-signature' : 'authorization', 'nothing')
        }
        if (open) return OPEN
        throw refusal('authorization', 'nothing')
      }
      const shown = shownToken(headers.authorization)
      if (shown === undefined) throw refusal('authorization', 'something other than "Bearer <token>"')
      const digest = sha256(shown)
      let caller: Caller | undefined
      // Every token is compared, in full: the time it takes says nothing about which one was close.
      for (const token of tokens) if (timingSafeEqual(token.digest, digest)) caller ??= token.caller
      if (!caller) throw refusal('authorization', 'a token that is not known')
      if (!caller.scopes.has(scope) && !caller.scopes.has('admin'))
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
      const shown = shownSignature(headers)
      let origin: string | undefined
      // Every secret is tried, as every token is.
      for (const secret of secrets) if (secret.verifies(shown, body)) origin ??= secret.origin
      if (origin !== undefined)
        return { ...SIGNED, origin, ...(shown.kind === 'standard' ? { requestId: shown.id } : {}) }
      if (shown.kind === 'plain') throw refusal('x-hmac-signature', 'a signature that does not fit the body')
      throw refusal('webhook-signature', 'a signature that does not fit the body, or that is older than 5 minutes')
    },
  }
}

/** The token of a program (`Bearer`), or of a person whose browser asked for it as the password of any user (`Basic`). */
function shownToken(authorization: string): string | undefined {
  const bearer = /^Bearer +([\x21-\x7e]+) *$/i.exec(authorization)?.[1]
  if (bearer !== undefined) return bearer
  const basic = /^Basic +([A-Za-z0-9+/=]+) *$/i.exec(authorization)?.[1]
  return basic === undefined
    ? undefined
    : /^[^:]*:([\x21-\x7e]+)$/.exec(Buffer.from(basic, 'base64').toString('utf8'))?.[1]
}

/** True for credentials that a browser adds by itself, also to what a foreign page makes it send. */
export function isAmbient(authorization: string | undefined): boolean {
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

/** Reads `name:scope+scope:token`; the settings have checked the form already. */
function parseToken(entry: string, index: number): Token {
  const [name, scopes = '', token, ...rest] = entry.split(':')
  const known = scopes.split('+').map((scope) => SCOPES.find((one) => one === scope))
  const valid = known.filter((scope) => scope !== undefined)
  if (!name || !token || rest.length > 0 || valid.length < known.length)
    throw invalidSetting('TEAMS_API_TOKENS', index, 'an entry of another form', 'name:scope+scope:token')
  return { caller: { origin: `http:${name}`, scopes: new Set(valid), signed: false }, digest: sha256(token) }
}

function invalidSetting(at: string, index: number, found: string, expected: string): GatewayError {
  return new GatewayError('invalid_settings', [{ at, found: `${found} (entry ${index + 1})`, expected }])
}

/**
 * Asks every request for what its route's `config` says, plugins' routes among them. Headers are looked at before
 * a byte of the body is read; a signature once the body is there, before the handler.
 */
export function guardAccess(app: FastifyInstance, auth: Authenticator): void {
  app.decorateRequest('caller', null)
  app.addHook('onRequest', async (request) => {
    const { scope, signable } = request.routeOptions.config
    const harmless = request.method === 'GET' || request.method === 'HEAD'
    if (auth.open) refuseForeignPages(request.headers)
    else if (!harmless && (scope === undefined || isAmbient(request.headers.authorization)))
      refuseForeignOrigin(request.headers)
    if (scope === undefined) return
    const caller = auth.byHeaders(request.headers, scope, signable === true)
    if (caller !== 'signature') request.caller = caller
  })
  app.addHook('preHandler', async (request) => {
    if (request.routeOptions.config.scope === undefined || request.caller !== null) return
    request.caller = auth.bySignature(request.headers, Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0))
  })
}
