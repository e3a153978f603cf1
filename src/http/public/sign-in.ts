import type { SignInTenant } from '../../settings/public-settings.ts'
import type { Person } from './session.ts'

/** What a browser keeps, sealed, between the start of a sign-in and its end. */
export interface SignInFlow {
  readonly state: string
  readonly nonce: string
  readonly verifier: string
  readonly tenantId: string
  /** The link from which the sign-in was started, and the language of its page. */
  readonly token: string
  readonly language: string
}

/** Why a sign-in came to nothing. */
export type SignInRefusal =
  | 'sign_in_state'
  | 'sign_in_declined'
  | 'sign_in_unreachable'
  | 'sign_in_failed'
  | 'sign_in_token'
  | 'sign_in_tenant'

/** What Entra answered in place of a token: the OAuth error, and the number of its AADSTS error. */
export interface EntraError {
  readonly oauth_error?: string
  readonly aadsts?: number
}

/** The end of a sign-in. `cause` and `entra` are for the log. */
export type SignedIn =
  | { readonly ok: true; readonly person: Person; readonly groupsMissing: boolean }
  | { readonly ok: false; readonly code: SignInRefusal; readonly cause?: unknown; readonly entra?: EntraError }

/** Signs people in with Entra ID. */
export interface SignIn {
  readonly tenants: readonly SignInTenant[]
  /** Starts a sign-in: where the browser goes, and what it keeps meanwhile. @throws where Entra can not be reached */
  begin(tenantId: string, from: Pick<SignInFlow, 'token' | 'language'>): Promise<{ url: string; flow: SignInFlow }>
  /** Ends a sign-in, from the query with which Entra sent the browser back. Never throws. */
  finish(search: string, flow: SignInFlow): Promise<SignedIn>
}

/** Claims of a person that roles are made of. */
export interface RoleClaims {
  /** Object ids of the groups in Entra. */
  readonly groups: readonly string[]
  /** Values of the application's roles. */
  readonly appRoles: readonly string[]
}

/** The path to which Entra sends people back. */
export const CALLBACK_PATH = '/auth/callback'
