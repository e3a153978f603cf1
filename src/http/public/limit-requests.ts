import type { FastifyInstance } from 'fastify'
import { GatewayError } from '../../kernel/errors.ts'

/** Requests at once; more are refused, so that a flood leaves the database to delivery. */
const MAX_IN_FLIGHT = 64
/** Of these, requests with a body; the others are for pages. */
const MAX_FORMS_IN_FLIGHT = 48
/** Time for a body to arrive; a form has a few hundred bytes. */
const BODY_MS = 3_000
const MAX_CONNECTIONS = 2_000

/**
 * Limits requests in flight. Counted once the body has arrived: counted from the headers, 64 connections that send their bodies
 * slowly would close the pages for everybody. Those are cut off.
 */
export function limitRequests(app: FastifyInstance): void {
  app.server.maxConnections = MAX_CONNECTIONS
  let inFlight = 0
  let forms = 0
  app.addHook('onRequest', async (request, reply) => {
    if (!hasBody(request.method)) return
    const timer = setTimeout(() => {
      if (!request.raw.complete) request.raw.socket.destroy()
    }, BODY_MS)
    timer.unref()
    reply.raw.once('close', () => clearTimeout(timer))
  })
  app.addHook('preHandler', async (request, reply) => {
    // Its `close` is over, so that it would count for ever.
    if (reply.raw.destroyed) return
    const isForm = hasBody(request.method)
    inFlight += 1
    if (isForm) forms += 1
    reply.raw.once('close', () => {
      inFlight -= 1
      if (isForm) forms -= 1
    })
    if (inFlight > MAX_IN_FLIGHT || forms > MAX_FORMS_IN_FLIGHT) throw new GatewayError('gateway_busy')
  })
}

function hasBody(method: string): boolean {
  return method !== 'GET' && method !== 'HEAD'
}
