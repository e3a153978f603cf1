import type { Clock } from '../../kernel/clock.ts'
import { GatewayError, isGatewayError } from '../../kernel/errors.ts'
import { isObject } from '../../kernel/json.ts'
import type { Settings } from '../../settings/table.ts'
import { proxyRulesOf } from '../../transports/proxy.ts'
import { createVaultLogin, sessionOf, type VaultSession } from './login.ts'
import { createVaultHttp } from './request.ts'

/** Reads secrets from Vault's key/value store, version 2, and keeps itself logged in. */
export interface VaultClient {
  /**
   * The fields of the newest version at a path; undefined where nothing is there.
   *
   * @throws GatewayError `secrets_unreachable`, naming the setting or the path that is wrong
   */
  readFields(path: string): Promise<Readonly<Record<string, unknown>> | undefined>
  /** Cuts off what is under way. */
  close(): void
}

type KeptSession = VaultSession & {
  /** In milliseconds since 1970; infinite for a token that does not end. */
  readonly endsAt: number
}

/**
 * @param settings those named VAULT_ and TEAMS_VAULT_, and those of proxies. TEAMS_VAULT_REFRESH: a token is renewed at the last look before two thirds of its
 * lease are over, and a third look must still find it valid
 */
export function createVaultClient(address: string, settings: Settings, clock: Clock): VaultClient {
  const http = createVaultHttp(address, {
    namespace: settings.VAULT_NAMESPACE,
    redirectHosts: settings.TEAMS_VAULT_REDIRECT_HOSTS ?? [],
    proxyFor: proxyRulesOf(settings),
  })
  const login = createVaultLogin(settings, http)
  const marginMs = settings.TEAMS_VAULT_REFRESH * 2000
  let session: KeptSession | undefined
  /** Two paths are read at once; they share one login. */
  let pending: Promise<KeptSession> | undefined

  const keep = (made: VaultSession): KeptSession => {
    session = { ...made, endsAt: clock.now().getTime() + (made.leaseMs ?? Number.POSITIVE_INFINITY) }
    return session
  }
  const isDue = ({ endsAt, leaseMs = 0 }: KeptSession) =>
    endsAt - clock.now().getTime() <= Math.max(leaseMs / 3, marginMs)

  /**
   * Renewed rather than logged in again while that helps, since a secret id may be good for few logins. A renewal gives less
   * and less as the token nears its longest life; then it is time for a new one.
   */
  async function renewed(old: KeptSession): Promise<KeptSession> {
    if (old.renewable) {
      const answer = await http.ask('POST', 'auth/token/renew-self', { token: old.token.reveal(), body: {} })
      if (answer.status === 200) {
        const made = keep(sessionOf(answer, login.setting, 'a token that can be renewed'))
        if (!login.repeatable || !isDue(made)) return made
      }
    }
    return login.repeatable ? keep(await login.login()) : old
  }

  function loggedIn(): Promise<KeptSession> {
    if (session && !isDue(session)) return Promise.resolve(session)
    const old = session
    pending ??= (old ? renewed(old) : login.login().then(keep)).finally(() => {
      pending = undefined
    })
    return pending
  }

  /** Whether Vault still takes the token, whatever it may read. */
  async function isAlive({ token }: VaultSession): Promise<boolean> {
    return (await http.ask('GET', 'auth/token/lookup-self', { token: token.reveal() })).status === 200
  }

  async function read(path: string): Promise<Readonly<Record<string, unknown>> | undefined> {
    let used = await loggedIn()
    let answer = await http.ask('GET', apiPath(path), { token: used.token.reveal() })
    if (answer.status === 403 && login.repeatable && !(await isAlive(used))) {
      // Revoked, or ended sooner than it said. Somebody else's read may have logged in anew in the meantime.
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
 * The path in Vault's API: `secret/teams/webhooks`, as `vault kv` writes it, is `secret/data/teams/webhooks` there. A path that
 * has `data` behind its mount is taken as the API's already; that is also how a mount with a slash in its name is
 * written (`kv/prod/data/teams`).
 */
export function apiPath(path: string): string {
  const parts = path.split('/').filter((part) => part !== '')
  const isApi = parts.slice(1, -1).includes('data')
  const full = isApi ? parts : [...parts.slice(0, 1), 'data', ...parts.slice(1)]
  return full.map(encodeURIComponent).join('/')
}
