import { isLoopback } from '../kernel/loopback.ts'
import { Secret } from '../kernel/secret.ts'
import type { Settings } from '../settings/table.ts'

/** HTTPS_PROXY, HTTP_PROXY and NO_PROXY. A proxy's URL is a secret, since it may contain a password. */
export interface ProxyOptions {
  readonly https?: Secret | undefined
  readonly http?: Secret | undefined
  readonly none?: readonly string[] | undefined
}

/** The URL of the proxy for connections to an origin; undefined for a direct connection. */
export type ProxyFor = (origin: string) => Secret | undefined

/**
 * Chooses the proxy by the scheme of the origin, as curl does. Direct connections go to:
 *
 * - hosts in NO_PROXY: an entry `host` means that host and its subdomains, `*.host` the subdomains only, `host:port` one
 *   port of them, `*` all hosts;
 * - this machine: the proxy's 127.0.0.1 is another machine.
 *
 * Rejected: undici's EnvHttpProxyAgent, which decides the same. Its connections are not counted in
 * TEAMS_TOTAL_CONNECTIONS, and it does not report when one is open, which separates a post that was never begun from
 * one that may have arrived.
 */
export function createProxyRules({ https, http, none = [] }: ProxyOptions): ProxyFor {
  const exceptions = none.map(readException)
  return (origin) => {
    const { protocol, hostname, port } = new URL(origin)
    const host = hostname.replace(/^\[|\]$|\.$/g, '')
    const proxy = protocol === 'https:' ? https : http
    if (proxy === undefined || isLoopback(hostname)) return undefined
    const at = port || (protocol === 'https:' ? '443' : '80')
    return exceptions.some((excepts) => excepts(host, at)) ? undefined : proxy
  }
}

/** {@link createProxyRules} with the proxies of the settings. */
export function proxyRulesOf(settings: Pick<Settings, 'HTTPS_PROXY' | 'HTTP_PROXY' | 'NO_PROXY'>): ProxyFor {
  const secretOf = (url: string | undefined) => (url === undefined ? undefined : new Secret(url))
  return createProxyRules({
    https: secretOf(settings.HTTPS_PROXY),
    http: secretOf(settings.HTTP_PROXY),
    none: settings.NO_PROXY,
  })
}

function readException(entry: string): (host: string, port: string) => boolean {
  // Text with one colon is `host:port`. An IPv6 address has more colons, and stands in brackets before a port.
  const [, name = entry, onlyPort] = /^(\[.+\]|[^:]+):(\d+)$/.exec(entry) ?? []
  const lower = name.toLowerCase().replace(/^\[|\]$|\.$/g, '')
  if (lower === '*') return (_, port) => onlyPort === undefined || port === onlyPort
  const domain = `.${lower.replace(/^\*?\./, '')}`
  const exactHost = lower.startsWith('*') ? undefined : domain.slice(1)
  return (host, port) => (onlyPort === undefined || port === onlyPort) && (host === exactHost || host.endsWith(domain))
}
