import { createServer, type IncomingMessage, request } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** A real HTTP proxy on this machine; closed when the test ends. */
export interface ProxyServer {
  /** Without credentials. */
  readonly url: string
  /** Hosts and ports that were asked for. */
  readonly asked: string[]
  /** Tunnels open now, and most at once. */
  readonly tunnels: { open: number; peak: number }
}

/**
 * Starts one that connects to this machine for every host, as if all names resolved to it: the gateway itself never
 * asks a proxy for this machine.
 *
 * @param options.credentials `user:password` that it wants
 * @param options.refuse answers CONNECT with this status
 */
export async function startProxy(
  options: { readonly credentials?: string; readonly refuse?: number } = {},
): Promise<ProxyServer> {
  const asked: string[] = []
  const tunnels = { open: 0, peak: 0 }
  const sockets = new Set<Socket>()
  const wanted = options.credentials && `Basic ${Buffer.from(options.credentials).toString('base64')}`
  const server = createServer((incoming, response) => {
    const to = new URL(incoming.url ?? '')
    asked.push(to.host)
    const { method = '', headers } = incoming
    const upstream = request({ host: '127.0.0.1', port: to.port, path: to.pathname, method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 0, answer.headers)
      answer.pipe(response)
    })
    upstream.on('error', () => response.destroy())
    incoming.pipe(upstream)
  })
  server.on('connection', (socket) => sockets.add(socket.on('close', () => sockets.delete(socket))))
  server.on('connect', ({ url = '', headers }: IncomingMessage, client: Socket) => {
    asked.push(url)
    client.on('error', () => undefined)
    const status = options.refuse ?? (wanted && headers['proxy-authorization'] !== wanted ? 407 : 200)
    if (status !== 200) return void client.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`)
    const upstream = connect(Number(url.split(':').at(-1)), '127.0.0.1', () => {
      tunnels.open += 1
      tunnels.peak = Math.max(tunnels.peak, tunnels.open)
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      client.pipe(upstream).pipe(client)
    })
    upstream.on('error', () => client.destroy())
    upstream.on('close', () => {
      tunnels.open -= 1
    })
    client.on('close', () => upstream.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, tunnels }
}
