import type { FastifyInstance } from 'fastify'
import { refuseForeignOrigin, refuseForeignPages } from '../kernel/browser-guard.ts'
import { type Authenticator, isAmbient } from './auth.ts'

/**
 * Asks every request for what its route's `config` says, plugins' routes among them. Headers are looked at before
 * a byte of the body is read; a signature once the body is there, before the handler.
 */
export function guardAccess(app: FastifyInstance, auth: Authenticator): void {
  app.decorateRequest('caller', null)
  app.addHook('onRequest', async (request) => {
    const { scope, signable } = request.routeOptions.config
    const harmless = request.method === 'GET' || request.method === 'HEAD'
    if (auth.open) refuseForeignPages(request.headers)
    else if (!harmless && (scope === undefined || isAmbient(request.headers.authorization)))
      refuseForeignOrigin(request.headers)
    if (scope === undefined) return
    const caller = auth.byHeaders(request.headers, scope, signable === true)
    if (caller !== 'signature') request.caller = caller
  })
  app.addHook('preHandler', async (request) => {
    if (request.routeOptions.config.scope === undefined || request.caller !== null) return
    request.caller = auth.bySignature(request.headers, Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0))
  })
}
