import type { Clock } from '../../kernel/clock.ts'
import { GatewayError, isGatewayError } from '../../kernel/errors.ts'
import { isObject } from '../../kernel/json.ts'
import type { Settings } from '../../settings/table.ts'
import { proxyRulesOf } from '../../transports/proxy.ts'
import { createVaultHttp } from './http.ts'
import { createVaultLogin, sessionOf, type VaultSession } from './login.ts'

/** Reads secrets from Vault's KV store, version 2, and renews its own token. */
export interface VaultClient {
  /**
   * The fields of the newest version at a path; undefined for a path without a secret (404).
   *
   * @throws GatewayError `secrets_unreachable`, naming the setting or the path that is wrong
   */
  readFields(path: string): Promise<Readonly<Record<string, unknown>> | undefined>
  /** Aborts requests in flight. */
  close(): void
}

type TimedSession = VaultSession & {
  /** Expiry in milliseconds since 1970; infinite for a token that does not expire. */
  readonly endsAtMs: number
}

/**
 * Makes a client for the Vault at `address`. A token is renewed at the first read when a third of its lease is left, or
 * two intervals of TEAMS_VAULT_REFRESH, so that a failed renewal can be repeated once before the token expires.
 *
 * @param settings VAULT_…, TEAMS_VAULT_… and the proxy settings
 */
export function createVaultClient(address: string, settings: Settings, clock: Clock): VaultClient {
  const http = createVaultHttp(address, {
    namespace: settings.VAULT_NAMESPACE,
    redirectHosts: settings.TEAMS_VAULT_REDIRECT_HOSTS ?? [],
    proxyFor: proxyRulesOf(settings),
  })
  const login = createVaultLogin(settings, http)
  const marginMs = settings.TEAMS_VAULT_REFRESH * 2000
  let session: TimedSession | undefined
  /** Two paths are read at once and share one login. */
  let pending: Promise<TimedSession> | undefined

  const remember = (made: VaultSession): TimedSession => {
    session = { ...made, endsAtMs: clock.now().getTime() + (made.leaseMs ?? Number.POSITIVE_INFINITY) }
    return session
  }
  const isDue = ({ endsAtMs, leaseMs = 0 }: TimedSession) =>
    endsAtMs - clock.now().getTime() <= Math.max(leaseMs / 3, marginMs)

  /**
   * Renews the token while that extends its lease, since a secret id may be valid for few logins only. Near the token's
   * maximum TTL each renewal extends it less; then logs in again.
   */
  async function renewed(old: TimedSession): Promise<TimedSession> {
    if (old.renewable) {
      const answer = await http.ask('POST', 'auth/token/renew-self', { token: old.token.reveal(), body: {} })
      if (answer.status === 200) {
        const made = remember(sessionOf(answer, login.setting, 'a token that can be renewed'))
        if (!login.repeatable || !isDue(made)) return made
      }
    }
    return login.repeatable ? remember(await login.login()) : old
  }

  function loggedIn(): Promise<TimedSession> {
    if (session && !isDue(session)) return Promise.resolve(session)
    const old = session
    pending ??= (old ? renewed(old) : login.login().then(remember)).finally(() => {
      pending = undefined
    })
    return pending
  }

  /** True while Vault accepts the token, even if its policies allow no path. */
  async function isAlive({ token }: VaultSession): Promise<boolean> {
    return (await http.ask('GET', 'auth/token/lookup-self', { token: token.reveal() })).status === 200
  }

  async function read(path: string): Promise<Readonly<Record<string, unknown>> | undefined> {
    let used = await loggedIn()
    let answer = await http.ask('GET', apiPath(path), { token: used.token.reveal() })
    if (answer.status === 403 && login.repeatable && !(await isAlive(used))) {
      // Revoked, or expired before the end of its lease. A concurrent read may have logged in again since.
      if (session?.token === used.token) session = undefined
      used = await loggedIn()
      answer = await http.ask('GET', apiPath(path), { token: used.token.reveal() })
    }
    if (answer.status === 404) return undefined
    if (answer.status === 403) throw await refusal(path, used)
    const outer = isObject(answer.body.data) ? answer.body.data : {}
    if (answer.status === 200 && isObject(outer.data)) return outer.data
    throw failure(path, `an answer with status ${answer.status} and no fields`, 'a path of KV version 2')
  }

  async function refusal(path: string, { token }: VaultSession): Promise<GatewayError> {
    if (session && (await isAlive(session)))
      return failure(path, 'a path that the token may not read (403)', 'a policy that lets it read there')
    if (session?.token === token) session = undefined
    return failure(login.setting, 'a token that Vault refuses (403)', 'a valid token that may read the path')
  }

  return {
    async readFields(path) {
      try {
        return await read(path)
      } catch (error) {
        if (isGatewayError(error)) throw error
        throw failure(path, 'a path that could not be asked for', 'a path such as secret/teams/webhooks')
      }
    },
    close: http.close,
  }
}

function failure(at: string, found: string, expected: string): GatewayError {
  return new GatewayError('secrets_unreachable', [{ at, found, expected }])
}

/**
 * The path in Vault's HTTP API: `secret/data/teams/webhooks` for `secret/teams/webhooks`, the form of `vault kv`. A path
 * with `data` after its mount counts as an API path already; a mount with a slash in its name has to be written that
 * way (`kv/prod/data/teams`).
 */
function apiPath(path: string): string {
  const parts = path.split('/').filter((part) => part !== '')
  const isApi = parts.slice(1, -1).includes('data')
  const full = isApi ? parts : [...parts.slice(0, 1), 'data', ...parts.slice(1)]
  return full.map(encodeURIComponent).join('/')
}
