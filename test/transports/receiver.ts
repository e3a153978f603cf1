import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SecureVersion } from 'node:tls'

/** One post as it came. */
export interface Received {
  readonly path: string
  readonly method: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A real HTTP or HTTPS server that stands where a flow would, and counts what reaches it. */
export interface Receiver {
  readonly origin: string
  readonly received: readonly Received[]
  /** Connections open now, most at once, and ever. */
  readonly connections: { open: number; peak: number; ever: number }
  /** Resolves once so many posts have come in all. */
  arrived(count: number): Promise<void>
  close(): Promise<void>
}

export type Handler = (response: ServerResponse, received: Received, request: IncomingMessage) => void

export interface Certificate {
  readonly key: string
  readonly cert: string
}

/** A certificate for localhost that signs itself, made by openssl. */
export function makeCertificate(host = 'localhost'): Certificate {
  const folder = mkdtempSync(join(tmpdir(), 'claimlinc-tls-'))
  try {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
    const names = host === 'localhost' ? 'DNS:localhost,IP:127.0.0.1' : `DNS:${host}`
    const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
    execFileSync(
      'openssl',
      [...args, '-subj', `/CN=${host}`, '-addext', `subjectAltName=${names}`, '-keyout', key, '-out', cert],
      {
        stdio: 'pipe',
      },
    )
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Starts one on a free port of localhost; with `tls` it speaks HTTPS. */
export async function startReceiver(
  handler: Handler,
  tls?: Certificate & { readonly maxVersion?: SecureVersion },
): Promise<Receiver> {
  const received: Received[] = []
  const connections = { open: 0, peak: 0, ever: 0 }
  const waiting: { count: number; resolve: () => void }[] = []
  const listener = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const post: Received = {
      path: request.url ?? '',
      method: request.method ?? '',
      headers: request.headers,
      body: Buffer.concat(chunks).toString('utf8'),
    }
    received.push(post)
    handler(response, post, request)
    for (const one of waiting) if (received.length >= one.count) one.resolve()
  }
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    listener(request, response).catch(() => response.destroy())
  }
  const server = tls ? createTlsServer({ ...tls }, onRequest) : createServer(onRequest)
  server.on('connection', (socket: Socket) => {
    connections.open += 1
    connections.ever += 1
    connections.peak = Math.max(connections.peak, connections.open)
    socket.on('error', () => undefined)
    socket.on('close', () => {
      connections.open -= 1
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    origin: tls ? `https://localhost:${port}` : `http://127.0.0.1:${port}`,
    received,
    connections,
    arrived: (count) =>
      new Promise((resolve) => {
        if (received.length >= count) resolve()
        else waiting.push({ count, resolve })
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
