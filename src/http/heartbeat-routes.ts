import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { heartbeatsWire, heartbeatWire, readPing } from '../contract/heartbeats.ts'
import type { GatewayService } from '../contract/service.ts'
import { routeOf } from './route.ts'

/**
 * `/v1/heartbeats…`. A report may have a body of any type, the output of the job: `curl --data-binary` sends it as a form. One that is
 * compressed is left out, and the report counts all the same.
 */
export function addHeartbeatRoutes(app: FastifyInstance, service: GatewayService): void {
  app.route<{ Params: { name: string }; Querystring: Record<string, unknown> }>({
    ...routeOf('reportHeartbeat'),
    handler: async (request) => {
      const ping = readPing(request.query)
      const isPlain = (request.headers['content-encoding'] ?? 'identity').toLowerCase() === 'identity'
      const output = Buffer.isBuffer(request.body) && isPlain ? request.body : undefined
      return z.encode(
        heartbeatWire,
        await service.reportHeartbeat(request.params.name, { ...ping, ...(output ? { output } : {}) }),
      )
    },
  })
  app.route({
    ...routeOf('listHeartbeats'),
    handler: async () => z.encode(heartbeatsWire, { heartbeats: [...(await service.listHeartbeats())] }),
  })
}
