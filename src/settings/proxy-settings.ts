import { z } from 'zod'
import { list, type SettingRow } from './schemas.ts'

/** Address of a proxy; as with curl, the scheme may be missing. */
const proxyUrl = z
  .string()
  .transform((value) => (/^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`))
  .refine(isProxy, { error: 'the address of an HTTP proxy, for example http://user:password@proxy.example:3128' })

function isProxy(value: string): boolean {
  const parsed = URL.parse(value)
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) return false
  try {
    decodeURIComponent(parsed.username + parsed.password)
    return true
  } catch {
    return false
  }
}

/**
 * The conventional proxy variables, in upper or lower case. Node's NODE_USE_ENV_PROXY has no effect on the gateway: it is for
 * programs that do not read these variables themselves.
 */
export const PROXY_SETTINGS = {
  HTTPS_PROXY: {
    group: 'Proxy',
    schema: proxyUrl,
    secret: true,
    help: 'HTTP proxy for https requests: posts to Teams, Entra tokens and Vault. TLS is end to end through a CONNECT tunnel. Also read as https_proxy.',
  },
  HTTP_PROXY: {
    group: 'Proxy',
    schema: proxyUrl,
    secret: true,
    help: 'HTTP proxy for a Vault without TLS (TEAMS_VAULT_ALLOW_HTTP), the only plain HTTP connection that leaves this machine. Also read as http_proxy.',
  },
  NO_PROXY: {
    group: 'Proxy',
    schema: z
      .string()
      .transform((value) => value.replace(/\s+/g, ','))
      .pipe(list),
    help: 'Hosts that are reached without a proxy, with all hosts below them, separated by commas. A host with a port counts for that port only; * stands for all hosts. This machine never needs an entry. Also read as no_proxy.',
  },
} as const satisfies Record<string, SettingRow>
