import { request as requestPlain } from 'node:http'
import { request as requestTls } from 'node:https'
import type { Socket } from 'node:net'
import { buildConnector } from 'undici'
import type { Secret } from '../kernel/secret.ts'

/** Says that a proxy makes no tunnel; the code has the status that it gave. */
export class ProxyRefusal extends Error {
  readonly code: string

  constructor(status: number) {
    super('the proxy refuses to connect')
    this.code = `PROXY_${status}`
  }
}

/**
 * Makes undici's connections through a tunnel of a proxy (CONNECT). TLS is spoken with the receiver, end to end, by the same
 * rules as without a proxy: the proxy learns the host and nothing else.
 *
 * @param options.signal ends a tunnel that is still being made, and TLS in it
 */
export function createTunnelConnector(
  proxy: Secret,
  options: buildConnector.BuildOptions & { readonly signal: AbortSignal },
): buildConnector.connector {
  const { signal } = options
  const speakTls = buildConnector({ ...options, allowH2: false })
  return (target, callback) => {
    openTunnel(
      new URL(proxy.reveal()),
      `${target.hostname}:${target.port || '443'}`,
      signal,
      options.timeout ?? undefined,
    )
      .then((socket) => {
        const end = () => socket.destroy()
        signal.addEventListener('abort', end, { once: true })
        socket.once('close', () => signal.removeEventListener('abort', end))
        speakTls({ ...target, httpSocket: socket }, callback)
      })
      .catch((error: Error) => callback(error, null))
  }
}

/** Milliseconds that a proxy may take to open a tunnel, where nothing else is said. */
const TUNNEL_TIMEOUT_MS = 10_000

function openTunnel(proxy: URL, target: string, signal: AbortSignal, timeoutMs = TUNNEL_TIMEOUT_MS): Promise<Socket> {
  const request = proxy.protocol === 'https:' ? requestTls : requestPlain
  return new Promise((resolve, reject) => {
    const asking = request({
      method: 'CONNECT',
      host: proxy.hostname.replace(/^\[|\]$/g, ''),
      port: proxy.port || (proxy.protocol === 'https:' ? 443 : 80),
      path: target,
      headers: { host: target, ...credentialsOf(proxy) },
      // A connection for this tunnel alone.
      agent: false,
      signal,
    })
    // Not a signal, which would end the tunnel too once it is there.
    const timer = setTimeout(
      () => asking.destroy(Object.assign(new Error('the proxy did not answer'), { code: 'ETIMEDOUT' })),
      timeoutMs,
    )
    asking
      .once('close', () => clearTimeout(timer))
      .once('connect', ({ statusCode = 0 }, socket) => {
        clearTimeout(timer)
        if (statusCode >= 200 && statusCode < 300) return resolve(socket as Socket)
        socket.on('error', () => undefined).destroy()
        reject(new ProxyRefusal(statusCode))
      })
      .once('error', reject)
      .end()
  })
}

function credentialsOf({ username, password }: URL): Record<string, string> {
  if (username === '') return {}
  const plain = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { 'proxy-authorization': `Basic ${Buffer.from(plain).toString('base64')}` }
}
