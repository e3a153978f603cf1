import { Agent, fetch, ProxyAgent } from 'undici'
import { EXIT } from '../../kernel/exit-codes.ts'
import type { SignInTenant } from '../../settings/public-settings.ts'
import type { Settings } from '../../settings/table.ts'
import { proxyRulesOf } from '../../transports/proxy.ts'
import { type Finding, fine, wrong } from './finding.ts'

/** Milliseconds that Entra has to answer. */
const ANSWER_TIMEOUT_MS = 5_000
/** Entra's metadata has some 2,000 bytes. */
const MAX_METADATA_BYTES = 100_000

/** Fetches the OpenID metadata of each tenant whose people sign in, as a sign-in does first. Sends no secret. */
export async function checkTenants(settings: Settings): Promise<readonly Finding[]> {
  const { TEAMS_SIGN_IN_TENANTS: tenants, TEAMS_PUBLIC_URL: publicUrl, TEAMS_SIGN_IN_AUTHORITY: authority } = settings
  if (tenants === undefined || publicUrl === undefined) return []
  const proxy = proxyRulesOf(settings)(new URL(authority).origin)
  const connect = { minVersion: settings.TEAMS_TLS_MIN_VERSION, timeout: ANSWER_TIMEOUT_MS }
  const limits = { connect, maxResponseSize: MAX_METADATA_BYTES }
  const dispatcher = proxy ? new ProxyAgent({ uri: proxy.reveal(), requestTls: connect, ...limits }) : new Agent(limits)
  try {
    return await Promise.all(tenants.map((tenant) => checkTenant(tenant, authority, dispatcher)))
  } finally {
    await dispatcher.destroy()
  }
}

async function checkTenant({ name, id }: SignInTenant, authority: string, dispatcher: Agent | ProxyAgent) {
  const check = `tenant ${name}`
  const { host } = new URL(authority)
  const url = `${authority.replace(/\/+$/, '')}/${id}/v2.0/.well-known/openid-configuration`
  const away = (reason: string) =>
    wrong(
      check,
      `${host} does not answer (${reason}): nobody can sign in`,
      'Let this machine reach it by https, or set HTTPS_PROXY. TEAMS_SIGN_IN_AUTHORITY is the address.',
      EXIT.unreachable,
    )
  try {
    const response = await fetch(url, {
      dispatcher,
      redirect: 'manual',
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    })
    await response.text()
    if (response.ok) return fine(check, `${host} knows the tenant`)
    if (response.status >= 500 || response.status === 429) return away(`status ${response.status}`)
    return wrong(
      check,
      `${host} answers ${response.status}: it does not know the tenant`,
      'Correct the directory (tenant) id in TEAMS_SIGN_IN_TENANTS, or TEAMS_SIGN_IN_AUTHORITY.',
    )
  } catch (error) {
    return away(reasonOf(error))
  }
}

/** Error code or name. Not the message, which may quote the URL of a proxy. */
function reasonOf(error: unknown): string {
  const { code, name } = (error instanceof Error ? (error.cause ?? error) : {}) as { code?: unknown; name?: unknown }
  return typeof code === 'string' ? code : typeof name === 'string' ? name : 'no connection'
}
