import { STATUS_CODES } from 'node:http'
import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import { refuseForeignPages } from '../../kernel/browser-guard.ts'
import { isGatewayError } from '../../kernel/errors.ts'
import { sandboxRoutes } from './routes.ts'
import type { Sandbox } from './sandbox.ts'

/** A sandbox that is being served on its own. */
export interface ServedSandbox {
  /** For example `http://127.0.0.1:41234`; the page is at `/sandbox`. */
  readonly origin: string
  /** Stops serving; connections that hang are cut. The sandbox keeps what it has. */
  close(): Promise<void>
}

/**
 * Serves a sandbox without a gateway beside it, on 127.0.0.1 and on `port`, or on a free one. With `keepAlive: false` the
 * process ends although it is being served.
 */
export async function serveSandbox(
  sandbox: Sandbox,
  { port = 0, keepAlive = true }: { readonly port?: number; readonly keepAlive?: boolean } = {},
): Promise<ServedSandbox> {
  // Browsers open connections in advance; one that never sent anything would keep the close waiting for a minute.
  const app = Fastify({ forceCloseConnections: true })
  // It asks for no token, and the page of any site may try all ports of this machine.
  app.addHook('onRequest', async (request) => refuseForeignPages(request.headers))
  app.setErrorHandler<Error & { statusCode?: number }>(async (error, _request, reply) => {
    const status = isGatewayError(error) ? error.status : (error.statusCode ?? 500)
    const own = isGatewayError(error) ? { code: error.code, errors: error.problems } : {}
    const problem = { type: 'about:blank', title: STATUS_CODES[status], status, ...own }
    return reply.code(status).type('application/problem+json').send(JSON.stringify(problem))
  })
  await app.register(sandboxRoutes(sandbox, { gateway: false }))
  if (!keepAlive) app.server.on('connection', (socket) => socket.unref())
  await app.listen({ host: '127.0.0.1', port })
  if (!keepAlive) app.server.unref()
  const { port: taken } = app.server.address() as AddressInfo
  return { origin: `http://127.0.0.1:${taken}`, close: () => app.close() }
}
