import { Secret } from '../kernel/secret.ts'
import type { Settings } from '../settings/table.ts'
import { createProxyRules, type ProxyFor } from '../transports/proxy.ts'

/** The proxies that the settings name. */
export function proxyRulesOf(settings: Pick<Settings, 'HTTPS_PROXY' | 'HTTP_PROXY' | 'NO_PROXY'>): ProxyFor {
  const secretOf = (url: string | undefined) => (url === undefined ? undefined : new Secret(url))
  return createProxyRules({
    https: secretOf(settings.HTTPS_PROXY),
    http: secretOf(settings.HTTP_PROXY),
    none: settings.NO_PROXY,
  })
}
