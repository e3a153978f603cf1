import { randomBytes } from 'node:crypto'
import * as oidc from 'openid-client'
import { z } from 'zod'
import { isLoopback } from '../../kernel/loopback.ts'
import type { Secret } from '../../kernel/secret.ts'
import type { SignInTenant } from '../../settings/public-settings.ts'
import { cleanName } from './person-name.ts'
import {
  CALLBACK_PATH,
  type EntraError,
  type RoleClaims,
  type SignIn,
  type SignInFlow,
  type SignInRefusal,
} from './sign-in.ts'

/** Options of {@link createSignIn}. */
export interface SignInOptions {
  readonly authority: string
  readonly clientId: string
  readonly clientSecret: Secret
  readonly tenants: readonly SignInTenant[]
  /** Origin of the public listener; its `/auth/callback` is the redirect URI. */
  readonly publicUrl: () => string | undefined
  /** Requests to Entra, through the proxy of the settings. */
  readonly fetch?: oidc.CustomFetch
  /** Roles of the configuration that a person has. */
  readonly rolesOf: (claims: RoleClaims) => readonly string[]
}

const TIMEOUT_SECONDS = 10
const texts = z.array(z.string()).optional().default([])
const claimsSchema = z.object({
  oid: z.string().min(1),
  tid: z.string(),
  name: z.string().optional(),
  preferred_username: z.string().optional(),
  groups: texts,
  roles: texts,
  // Entra's form of "more groups than fit into a token".
  _claim_names: z.object({ groups: z.string() }).partial().optional(),
})

/**
 * Makes the sign-in: OpenID Connect's code flow with PKCE, state and nonce. Each tenant has its own issuer, which tokens must
 * name. Rejected: the authorities `organizations` and `common`, whose tokens come from whatever tenant the person has.
 */
export function createSignIn(options: SignInOptions): SignIn {
  const { authority, clientId, clientSecret, tenants, publicUrl, rolesOf } = options
  const known = new Map<string, Promise<oidc.Configuration>>()

  function configurationOf(tenantId: string): Promise<oidc.Configuration> {
    const found = known.get(tenantId) ?? discover(tenantId)
    known.set(tenantId, found)
    // Asked again next time.
    found.catch(() => known.delete(tenantId))
    return found
  }

  function discover(tenantId: string): Promise<oidc.Configuration> {
    const issuer = new URL(`${authority.replace(/\/+$/, '')}/${tenantId}/v2.0`)
    const isLocal = issuer.protocol === 'http:' && isLoopback(issuer.hostname)
    return oidc.discovery(
      issuer,
      clientId,
      { id_token_signed_response_alg: 'RS256' },
      oidc.ClientSecretPost(clientSecret.reveal()),
      {
        timeout: TIMEOUT_SECONDS,
        // Without it, openid-client trusts the TLS connection that a token came by, and does not check its signature.
        execute: [oidc.enableNonRepudiationChecks, ...(isLocal ? [oidc.allowInsecureRequests] : [])],
        ...(options.fetch ? { [oidc.customFetch]: options.fetch } : {}),
      },
    )
  }

  return {
    tenants,
    async begin(tenantId, from) {
      const configuration = await configurationOf(tenantId)
      const flow: SignInFlow = {
        state: randomBytes(24).toString('base64url'),
        nonce: randomBytes(24).toString('base64url'),
        verifier: oidc.randomPKCECodeVerifier(),
        tenantId,
        ...from,
      }
      const url = oidc.buildAuthorizationUrl(configuration, {
        redirect_uri: `${publicUrl()}${CALLBACK_PATH}`,
        scope: 'openid profile',
        response_type: 'code',
        response_mode: 'query',
        state: flow.state,
        nonce: flow.nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(flow.verifier),
        code_challenge_method: 'S256',
      })
      return { url: url.href, flow }
    },
    async finish(search, flow) {
      let claims: z.output<typeof claimsSchema>
      try {
        const answer = await oidc.authorizationCodeGrant(
          await configurationOf(flow.tenantId),
          new URL(`${publicUrl()}${CALLBACK_PATH}${search}`),
          {
            pkceCodeVerifier: flow.verifier,
            expectedState: flow.state,
            expectedNonce: flow.nonce,
            idTokenExpected: true,
          },
        )
        claims = claimsSchema.parse(answer.claims())
      } catch (cause) {
        return { ok: false, code: refusalOf(cause), cause, entra: entraError(cause) }
      }
      // The issuer says it already; a token with one tenant in `iss` and another in `tid` is none of Entra's.
      if (claims.tid !== flow.tenantId) return { ok: false, code: 'sign_in_tenant' }
      const name = cleanName(claims.name ?? '') || cleanName(claims.preferred_username ?? '') || claims.oid
      const roles = rolesOf({ groups: claims.groups, appRoles: claims.roles })
      return {
        ok: true,
        person: { id: claims.oid, tenantId: claims.tid, name, roles },
        groupsMissing: claims._claim_names?.groups !== undefined,
      }
    },
  }
}

function refusalOf(error: unknown): SignInRefusal {
  if (error instanceof oidc.AuthorizationResponseError) return 'sign_in_declined'
  if (error instanceof oidc.ResponseBodyError) return 'sign_in_failed'
  if (error instanceof z.ZodError) return 'sign_in_token'
  const code = error instanceof oidc.ClientError ? error.code : undefined
  if (code === 'OAUTH_JWT_CLAIM_COMPARISON_FAILED' && isAboutIssuer(error)) return 'sign_in_tenant'
  if (code === 'OAUTH_INVALID_RESPONSE' && /state/.test(String((error as Error).message))) return 'sign_in_state'
  if (code?.startsWith('OAUTH_JWT') || code === 'OAUTH_INVALID_RESPONSE' || code === 'OAUTH_UNSUPPORTED_OPERATION')
    return 'sign_in_token'
  if (code === 'OAUTH_KEY_SELECTION_FAILED') return 'sign_in_token'
  return code === undefined || code === 'OAUTH_TIMEOUT' ? 'sign_in_unreachable' : 'sign_in_failed'
}

/** The OAuth error and Entra's number of it, for the log. Its description may quote an address, and is left out. */
function entraError(error: unknown): EntraError {
  if (!(error instanceof oidc.ResponseBodyError || error instanceof oidc.AuthorizationResponseError)) return {}
  const number = /^AADSTS(\d{1,9})\b/.exec(error.error_description ?? '')?.[1]
  return {
    // A closed set of words; anything else is no OAuth error.
    ...(/^[a-z_]{1,40}$/.test(error.error) ? { oauth_error: error.error } : {}),
    ...(number === undefined ? {} : { aadsts: Number(number) }),
  }
}

function isAboutIssuer(error: unknown): boolean {
  const { cause } = error as { cause?: { claim?: unknown; cause?: { claim?: unknown } } }
  return (cause?.claim ?? cause?.cause?.claim) === 'iss'
}
