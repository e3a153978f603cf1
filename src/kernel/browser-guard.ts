import type { IncomingHttpHeaders } from 'node:http'
import { GatewayError } from './errors.ts'
import { isLoopback } from './loopback.ts'

/**
 * Refuses requests from web pages of other sites. Without tokens the gateway serves every caller that reaches 127.0.0.1,
 * and every web page open in a browser on this machine can reach it. Two checks:
 *
 * - `Host` must be a loopback name. After DNS rebinding, a page of evil.example whose name resolves to 127.0.0.1 has the
 *   same origin for the browser, but its requests still carry `Host: evil.example`.
 * - `Origin`, which browsers send with every request that is not GET or HEAD, must be the gateway's own.
 *
 * Rejected: CORS alone. It keeps a page from reading an answer, not from sending a request.
 *
 * @throws GatewayError `cross_site`
 */
export function refuseForeignPages(headers: IncomingHttpHeaders): void {
  const host = headers.host
  if (host !== undefined && !isLoopback(hostnameOf(host)))
    throw new GatewayError('cross_site', [
      { at: 'host', found: 'a name that is not this machine', expected: '127.0.0.1, [::1] or localhost' },
    ])
  refuseForeignOrigin(headers)
}

/**
 * Refuses requests whose `Origin` is another site: the second check of {@link refuseForeignPages} alone, for routes that ask
 * for no credentials although tokens are set.
 *
 * @throws GatewayError `cross_site`
 */
export function refuseForeignOrigin(headers: IncomingHttpHeaders): void {
  const { host, origin } = headers
  if (origin === undefined) return
  if (origin === `http://${host}` || origin === `https://${host}`) return
  throw new GatewayError('cross_site', [
    { at: 'origin', found: 'a page of another site', expected: 'no Origin, or that of the gateway itself' },
  ])
}

/** The name in a `Host` header without its port; empty where the header is malformed. */
function hostnameOf(host: string): string {
  return /^(\[[0-9a-f:]+\]|[^:]+)(?::\d{1,5})?$/i.exec(host)?.[1]?.toLowerCase() ?? ''
}
