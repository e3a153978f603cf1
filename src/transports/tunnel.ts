import { request as requestPlain } from 'node:http'
import { request as requestTls } from 'node:https'
import type { Socket } from 'node:net'
import { buildConnector } from 'undici'
import type { Secret } from '../kernel/secret.ts'

/** The error of a proxy that refuses a tunnel; its code contains the status of the answer to CONNECT. */
class ProxyRefusal extends Error {
  readonly code: string

  constructor(status: number) {
    super('the proxy refuses to connect')
    this.code = `PROXY_${status}`
  }
}

/**
 * An undici connector through a proxy's tunnel (CONNECT). TLS is end to end with the receiver, with the same options as
 * without a proxy: the proxy learns only host and port.
 *
 * @param options.signal aborts the CONNECT request and the TLS handshake, and closes an open tunnel
 */
export function createTunnelConnector(
  proxy: Secret,
  options: buildConnector.BuildOptions & { readonly signal: AbortSignal },
): buildConnector.connector {
  const { signal } = options
  const connectTls = buildConnector({ ...options, allowH2: false })
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
        connectTls({ ...target, httpSocket: socket }, callback)
      })
      .catch((error: Error) => callback(error, null))
  }
}

/** For a proxy to answer CONNECT, where `options.timeout` is absent. */
const DEFAULT_TUNNEL_TIMEOUT_MS = 10_000

function openTunnel(
  proxy: URL,
  target: string,
  signal: AbortSignal,
  timeoutMs = DEFAULT_TUNNEL_TIMEOUT_MS,
): Promise<Socket> {
  const request = proxy.protocol === 'https:' ? requestTls : requestPlain
  return new Promise((resolve, reject) => {
    const connectRequest = request({
      method: 'CONNECT',
      host: proxy.hostname.replace(/^\[|\]$/g, ''),
      port: proxy.port || (proxy.protocol === 'https:' ? 443 : 80),
      path: target,
      headers: { host: target, ...credentialsOf(proxy) },
      // No pooling: the connection becomes the tunnel.
      agent: false,
      signal,
    })
    // Not AbortSignal.timeout, which would also close the open tunnel.
    const timer = setTimeout(
      () => connectRequest.destroy(Object.assign(new Error('the proxy did not answer'), { code: 'ETIMEDOUT' })),
      timeoutMs,
    )
    connectRequest
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
