import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { JWK } from 'jose'
import { type CryptoKey, SignJWT, UnsecuredJWT } from 'jose'

/** A person of the stand-in's tenant. */
export interface EntraUser {
  /** Object id, a UUID. */
  readonly id: string
  readonly name: string
  /** User principal name, such as `sara@hospital.example`. */
  readonly username: string
  /** Object ids of the person's groups. */
  readonly groups?: readonly string[]
  /** Values of the application's roles. */
  readonly appRoles?: readonly string[]
}

/** The sign-in of the stand-in's application. */
export interface EntraSignInOptions {
  /** Exactly these are accepted, as in the registration of an application under "Web". A function for a port that is not known yet. */
  readonly redirectUris: readonly string[] | (() => readonly string[])
  readonly users: readonly EntraUser[]
}

/** Changes of the next id token, for tests of what a gateway refuses. */
export interface IdTokenChanges {
  /** Claims that replace or add to its own; undefined removes one. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** `none`: without a signature. `HS256`: signed with the public key as the secret (algorithm confusion). `other`: with another key. */
  readonly signature?: 'none' | 'HS256' | 'other'
}

/** An answer of the stand-in: a page or a redirect. */
export type EntraAnswer = { readonly status: number; readonly html: string } | { readonly location: string }

/** An OAuth error: status, error, number of the AADSTS error, description. */
export type EntraRefusal = readonly [status: number, error: string, number: number, description: string]

/** The part of the stand-in that signs people in. */
export interface EntraSignIn {
  /** `/.well-known/openid-configuration` of a tenant. */
  metadata(authority: string): object
  /** `GET /authorize`: the page on which a person is chosen, or Entra's error. */
  authorize(query: URLSearchParams): EntraAnswer
  /** `POST /token` with `grant_type=authorization_code`. */
  redeem(form: URLSearchParams, authority: string): Promise<{ idToken: string } | EntraRefusal>
  /** Changes the next id token. */
  changeNextIdToken(changes: IdTokenChanges): void
}

/** Lifetime of a code, in milliseconds; Entra's is about ten minutes. */
const CODE_LIFETIME_MS = 600_000

interface Issued {
  readonly user: EntraUser
  readonly redirectUri: string
  readonly challenge: string
  readonly nonce: string
  readonly at: number
}

/** Makes the sign-in of the stand-in: OpenID Connect's code flow, as Entra's v2.0 endpoints do it. */
export function createEntraSignIn(options: {
  readonly tenantId: string
  readonly clientId: string
  readonly signIn: EntraSignInOptions
  readonly key: { readonly privateKey: CryptoKey; readonly jwk: JWK }
  readonly otherKey: () => Promise<CryptoKey>
}): EntraSignIn {
  const { tenantId, clientId, signIn, key } = options
  const codes = new Map<string, Issued>()
  let changes: IdTokenChanges = {}
  const redirectUris = () => (typeof signIn.redirectUris === 'function' ? signIn.redirectUris() : signIn.redirectUris)

  async function idToken({ user, nonce }: Issued, authority: string): Promise<string> {
    const { claims: changed, signature } = changes
    changes = {}
    const now = Math.floor(Date.now() / 1000)
    const claims = {
      iss: `${authority}/${tenantId}/v2.0`,
      aud: clientId,
      iat: now,
      nbf: now,
      exp: now + 3_900,
      ver: '2.0',
      tid: tenantId,
      oid: user.id,
      sub: createHash('sha256').update(`${clientId} ${user.id}`).digest('base64url'),
      name: user.name,
      preferred_username: user.username,
      nonce,
      ...(user.groups?.length ? { groups: user.groups } : {}),
      ...(user.appRoles?.length ? { roles: user.appRoles } : {}),
      ...changed,
    }
    if (signature === 'none') return new UnsecuredJWT(claims).encode()
    if (signature === 'HS256')
      return new SignJWT(claims)
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: key.jwk.kid ?? '' })
        .sign(Buffer.from(JSON.stringify(key.jwk)))
    const signer = signature === 'other' ? await options.otherKey() : key.privateKey
    return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: key.jwk.kid ?? '' }).sign(signer)
  }

  function back(query: URLSearchParams, answer: Readonly<Record<string, string>>): EntraAnswer {
    const url = new URL(query.get('redirect_uri') ?? '')
    for (const [name, value] of Object.entries(answer)) url.searchParams.set(name, value)
    const state = query.get('state')
    if (state !== null) url.searchParams.set('state', state)
    return { location: url.href }
  }

  return {
    metadata: (authority) => ({
      issuer: `${authority}/${tenantId}/v2.0`,
      authorization_endpoint: `${authority}/${tenantId}/oauth2/v2.0/authorize`,
      token_endpoint: `${authority}/${tenantId}/oauth2/v2.0/token`,
      jwks_uri: `${authority}/${tenantId}/discovery/v2.0/keys`,
      response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
      response_modes_supported: ['query', 'fragment', 'form_post'],
      subject_types_supported: ['pairwise'],
      id_token_signing_alg_values_supported: ['RS256'],
      token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
      scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    }),
    authorize(query) {
      const refusal = refusalOf(query)
      if (refusal) return { status: 400, html: errorPage(refusal) }
      if (query.get('response_type') !== 'code')
        return back(query, { error: 'unsupported_response_type', error_description: 'AADSTS700054' })
      if (!query.get('scope')?.split(' ').includes('openid'))
        return back(query, { error: 'invalid_request', error_description: 'AADSTS900144: scope' })
      if (query.get('code_challenge_method') !== 'S256' || !query.get('code_challenge'))
        return back(query, { error: 'invalid_request', error_description: 'AADSTS9002325: PKCE is required' })
      if (query.get('choose') === 'nobody')
        return back(query, { error: 'access_denied', error_description: 'AADSTS65004: User declined to consent' })
      const user = signIn.users.find(({ id }) => id === query.get('choose'))
      if (user === undefined) return { status: 200, html: peoplePage(query, signIn.users) }
      const code = randomBytes(32).toString('base64url')
      codes.set(code, {
        user,
        redirectUri: query.get('redirect_uri') ?? '',
        challenge: query.get('code_challenge') ?? '',
        nonce: query.get('nonce') ?? '',
        at: Date.now(),
      })
      return back(query, { code, session_state: randomBytes(8).toString('hex') })
    },
    async redeem(form, authority) {
      const code = form.get('code') ?? ''
      const issued = codes.get(code)
      // A code is good for one try, also for one that is refused.
      codes.delete(code)
      if (issued === undefined)
        return [400, 'invalid_grant', 54005, 'OAuth2 Authorization code was already redeemed, or is not valid.']
      if (Date.now() - issued.at > CODE_LIFETIME_MS)
        return [400, 'invalid_grant', 70008, 'The provided authorization code is expired.']
      if (form.get('redirect_uri') !== issued.redirectUri)
        return [400, 'invalid_grant', 50011, 'The redirect URI does not match the one of the authorization request.']
      const challenge = createHash('sha256')
        .update(form.get('code_verifier') ?? '')
        .digest('base64url')
      if (!isSame(challenge, issued.challenge))
        return [400, 'invalid_grant', 501481, 'The Code_Verifier does not match the code_challenge.']
      return { idToken: await idToken(issued, authority) }
    },
    changeNextIdToken(next) {
      changes = next
    },
  }

  /** Errors that Entra shows on a page of its own, as the redirect URI can not be trusted. */
  function refusalOf(query: URLSearchParams): EntraRefusal | undefined {
    if (query.get('client_id') !== clientId)
      return [400, 'unauthorized_client', 700016, 'Application was not found in the directory.']
    if (!redirectUris().includes(query.get('redirect_uri') ?? ''))
      return [
        400,
        'invalid_request',
        50011,
        'The redirect URI in the request does not match the ones of the application.',
      ]
    return undefined
  }
}

function peoplePage(query: URLSearchParams, users: readonly EntraUser[]): string {
  const link = (choose: string) => `?${new URLSearchParams([...query, ['choose', choose]])}`
  const lines = users.map(
    ({ id, name, username }) => `<li><a href="${escaped(link(id))}">${escaped(name)}</a> ${escaped(username)}</li>`,
  )
  return frame(
    `<h1>Pick an account</h1><ul>${lines.join('')}</ul><p><a href="${escaped(link('nobody'))}">Cancel</a></p>`,
  )
}

function errorPage([, error, number, description]: EntraRefusal): string {
  return frame(
    `<h1>Sorry, but we’re having trouble signing you in.</h1><p>AADSTS${number}: ${escaped(description)} (${error})</p>`,
  )
}

function frame(content: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Stand-in for Entra ID</title></head><body><main><p>Stand-in for Entra ID</p>${content}</main></body></html>`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}

function isSame(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
}
