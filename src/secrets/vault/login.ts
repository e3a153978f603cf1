import { readFile } from 'node:fs/promises'
import { GatewayError } from '../../kernel/errors.ts'
import { isObject } from '../../kernel/json.ts'
import { Secret } from '../../kernel/secret.ts'
import type { Settings } from '../../settings/table.ts'
import type { VaultAnswer, VaultHttp } from './http.ts'

/** A token that Vault accepts, and its lease. */
export interface VaultSession {
  readonly token: Secret
  /** Undefined for a token that does not expire. */
  readonly leaseMs: number | undefined
  readonly renewable: boolean
}

/** How the gateway authenticates to Vault. */
export interface VaultLogin {
  /** @throws GatewayError `secrets_unreachable`, naming the setting that is wrong */
  login(): Promise<VaultSession>
  /** False for VAULT_TOKEN, which can not be replaced by logging in again. */
  readonly repeatable: boolean
  /** The setting to name when Vault no longer accepts the token. */
  readonly setting: 'VAULT_TOKEN' | 'VAULT_ROLE_ID' | 'VAULT_KUBERNETES_ROLE'
}

/** Makes the login that the settings configure: a token, else AppRole, else Kubernetes. */
export function createVaultLogin(settings: Settings, http: VaultHttp): VaultLogin {
  const { VAULT_TOKEN: token, VAULT_ROLE_ID: roleId, VAULT_SECRET_ID: secretId } = settings
  if (token !== undefined) return tokenLogin(token, http)
  if (roleId !== undefined && secretId !== undefined)
    return {
      repeatable: true,
      setting: 'VAULT_ROLE_ID',
      async login() {
        const answer = await http.ask('POST', 'auth/approle/login', { body: { role_id: roleId, secret_id: secretId } })
        return sessionOf(answer, 'VAULT_ROLE_ID', 'VAULT_ROLE_ID and VAULT_SECRET_ID of an AppRole, not used up')
      },
    }
  return {
    repeatable: true,
    setting: 'VAULT_KUBERNETES_ROLE',
    async login() {
      const jwt = await serviceAccountToken(settings.VAULT_KUBERNETES_TOKEN_FILE)
      const answer = await http.ask('POST', 'auth/kubernetes/login', {
        body: { role: settings.VAULT_KUBERNETES_ROLE ?? '', jwt },
      })
      return sessionOf(answer, 'VAULT_KUBERNETES_ROLE', 'a role that is bound to this service account')
    },
  }
}

function tokenLogin(token: string, http: VaultHttp): VaultLogin {
  return {
    repeatable: false,
    setting: 'VAULT_TOKEN',
    async login() {
      const { status, body } = await http.ask('GET', 'auth/token/lookup-self', { token })
      const data = isObject(body.data) ? body.data : {}
      // A policy may forbid lookup-self; an invalid token then fails at the first read.
      const ttl = status === 200 && typeof data.ttl === 'number' ? data.ttl : 0
      return {
        token: new Secret(token),
        leaseMs: ttl > 0 ? ttl * 1000 : undefined,
        renewable: status === 200 && data.renewable === true,
      }
    },
  }
}

/** Reads the token file at each login: Kubernetes replaces the token long before it expires. */
async function serviceAccountToken(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim()
  } catch {
    throw new GatewayError('secrets_unreachable', [
      { at: 'VAULT_KUBERNETES_TOKEN_FILE', found: `no file to read: ${file}`, expected: 'a service account token' },
    ])
  }
}

/**
 * The session in an answer to a login or a renewal.
 *
 * @throws GatewayError `secrets_unreachable` where Vault refuses
 */
export function sessionOf(answer: VaultAnswer, setting: string, expected: string): VaultSession {
  const auth = isObject(answer.body.auth) ? answer.body.auth : {}
  if (answer.status === 200 && typeof auth.client_token === 'string' && auth.client_token !== '')
    return {
      token: new Secret(auth.client_token),
      leaseMs:
        typeof auth.lease_duration === 'number' && auth.lease_duration > 0 ? auth.lease_duration * 1000 : undefined,
      renewable: auth.renewable === true,
    }
  if (answer.status === 404) {
    const found = 'a login that Vault does not offer (404)'
    const offered = 'an address, and a VAULT_NAMESPACE, where it is enabled under its own name'
    throw new GatewayError('secrets_unreachable', [{ at: setting, found, expected: offered }])
  }
  const found = `credentials that Vault refuses (status ${answer.status})`
  throw new GatewayError('secrets_unreachable', [{ at: setting, found, expected }])
}
