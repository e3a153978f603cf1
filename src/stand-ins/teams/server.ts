import { STATUS_CODES } from 'node:http'
import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import { refuseForeignPages } from '../../kernel/browser-guard.ts'
import { isGatewayError } from '../../kernel/errors.ts'
import { sandboxRoutes } from './routes.ts'
import type { Sandbox } from './sandbox.ts'

/** A served sandbox without a gateway. */
export interface ServedSandbox {
  /** For example `http://127.0.0.1:41234`; the page is at `/sandbox`. */
  readonly origin: string
  /** Stops listening and closes all connections. The sandbox keeps its messages and faults. */
  close(): Promise<void>
}

/**
 * Serves a sandbox without a gateway on 127.0.0.1, on `port` or a free port. With `keepAlive: false` the server does
 * not keep the process alive (`unref`).
 */
export async function serveSandbox(
  sandbox: Sandbox,
  { port = 0, keepAlive = true }: { readonly port?: number; readonly keepAlive?: boolean } = {},
): Promise<ServedSandbox> {
  // Browsers open connections in advance; one without a request would delay `close` by a minute.
  const app = Fastify({ forceCloseConnections: true })
  // No tokens here, and a page of any site can send requests to all ports of this machine (CSRF, DNS rebinding).
  app.addHook('onRequest', async (request) => refuseForeignPages(request.headers))
  app.setErrorHandler<Error & { statusCode?: number }>(async (error, _request, reply) => {
    const status = isGatewayError(error) ? error.status : (error.statusCode ?? 500)
    const details = isGatewayError(error) ? { code: error.code, errors: error.problems } : {}
    const problem = { type: 'about:blank', title: STATUS_CODES[status], status, ...details }
    return reply.code(status).type('application/problem+json').send(JSON.stringify(problem))
  })
  await app.register(sandboxRoutes(sandbox, { gateway: false }))
  if (!keepAlive) app.server.on('connection', (socket) => socket.unref())
  await app.listen({ host: '127.0.0.1', port })
  if (!keepAlive) app.server.unref()
  const { port: actualPort } = app.server.address() as AddressInfo
  return { origin: `http://127.0.0.1:${actualPort}`, close: () => app.close() }
}
