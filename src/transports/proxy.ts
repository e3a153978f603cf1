import { isLoopback } from '../kernel/loopback.ts'
import { Secret } from '../kernel/secret.ts'
import type { Settings } from '../settings/table.ts'

/** HTTPS_PROXY, HTTP_PROXY and NO_PROXY. An address of a proxy is a secret: it may have a password in it. */
export interface ProxyOptions {
  readonly https?: Secret | undefined
  readonly http?: Secret | undefined
  readonly none?: readonly string[] | undefined
}

/** The proxy by which an origin is reached, as a URL in a secret; undefined where it is reached directly. */
export type ProxyFor = (origin: string) => Secret | undefined

/**
 * Chooses by the scheme of the origin, as curl does. What NO_PROXY names is reached directly: a host and all below it, the
 * hosts below only with a `*.` in front, one port of it with a port behind, everything with `*`. So is this machine: its
 * 127.0.0.1 is not the proxy's.
 *
 * Not undici's EnvHttpProxyAgent, which decides the same: it keeps connections of its own, past the limits of
 * TEAMS_TOTAL_CONNECTIONS, and does not say when one is open, which tells a post that never began from one that may have arrived.
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

/** The proxies that the settings name. */
export function proxyRulesOf(settings: Pick<Settings, 'HTTPS_PROXY' | 'HTTP_PROXY' | 'NO_PROXY'>): ProxyFor {
  const secretOf = (url: string | undefined) => (url === undefined ? undefined : new Secret(url))
  return createProxyRules({
    https: secretOf(settings.HTTPS_PROXY),
    http: secretOf(settings.HTTP_PROXY),
    none: settings.NO_PROXY,
  })
}

function readException(entry: string): (host: string, port: string) => boolean {
  // A single colon is a port's; an IPv6 address has more of them, and brackets where it has a port.
  const [, name = entry, only] = /^(\[.+\]|[^:]+):(\d+)$/.exec(entry) ?? []
  const lower = name.toLowerCase().replace(/^\[|\]$|\.$/g, '')
  if (lower === '*') return (_, port) => only === undefined || port === only
  const below = `.${lower.replace(/^\*?\./, '')}`
  const itself = lower.startsWith('*') ? undefined : below.slice(1)
  return (host, port) => (only === undefined || port === only) && (host === itself || host.endsWith(below))
}
