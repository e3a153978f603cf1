import type { FastifyInstance } from 'fastify'
import type { Log } from '../kernel/log.ts'

const PROBES = new Set(['/healthz', '/readyz', '/metrics'])

/**
 * Logs each answer in one line: method, the route's pattern, status, duration, caller. Path, query, headers and bodies
 * are left out, since patient ids and tokens have been seen in all four.
 */
export function logRequests(app: FastifyInstance, log: Log): void {
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? null
    const correlationId = reply.getHeader('x-correlation-id')
    const line = {
      method: request.method,
      route,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 10) / 10,
      caller: request.caller?.origin ?? null,
      request_id: request.id,
      ...(typeof correlationId === 'string' ? { correlation_id: correlationId } : {}),
    }
    // A log event of their own, at a lower level: probes come every few seconds and would bury the other lines.
    if (route !== null && PROBES.has(route) && reply.statusCode < 400) log.write('probe_answered', line)
    else log.write('request_answered', line)
  })
}
