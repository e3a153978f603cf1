import type { IncomingHttpHeaders } from 'node:http'
import { GatewayError } from './errors.ts'

/**
 * Without a token, being able to reach 127.0.0.1 is all that is asked of a caller, and every web page that a person
 * on this machine has open can reach it through the browser. Two checks keep pages out:
 *
 * - `Host` must be a loopback name. A page of evil.example whose name is made to resolve to 127.0.0.1 (DNS rebinding)
 *   is of the same origin for the browser, and still says `Host: evil.example`.
 * - `Origin`, which browsers send with whatever changes something, must be our own.
 *
 * Rejected: CORS alone. It keeps a page from reading an answer, not from sending a request.
 *
 * @throws GatewayError `cross_site`
 */
export function refuseForeignPages(headers: IncomingHttpHeaders): void {
  const host = headers.host
  if (host !== undefined && !isLoopback(host))
    throw new GatewayError('cross_site', [
      { at: 'host', found: 'a name that is not this machine', expected: '127.0.0.1, [::1] or localhost' },
    ])
  refuseForeignOrigin(headers)
}

/** The second check alone, for what asks for no credentials although tokens are set. @throws GatewayError `cross_site` */
export function refuseForeignOrigin(headers: IncomingHttpHeaders): void {
  const { host, origin } = headers
  if (origin === undefined) return
  if (origin === `http://${host}` || origin === `https://${host}`) return
  throw new GatewayError('cross_site', [
    { at: 'origin', found: 'a page of another site', expected: 'no Origin, or that of the gateway itself' },
  ])
}

function isLoopback(host: string): boolean {
  const name = /^(\[[0-9a-f:]+\]|[^:]+)(?::\d{1,5})?$/i.exec(host)?.[1]?.toLowerCase()
  return name === 'localhost' || name === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name ?? '')
}
