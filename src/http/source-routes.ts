import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { GatewayService } from '../contract/service.ts'
import { sourcesWire } from '../contract/sources.ts'
import { routeOf } from './route.ts'

/** `/v1/sources` */
export function addSourceRoutes(app: FastifyInstance, service: GatewayService): void {
  app.route({
    ...routeOf('listSources'),
    handler: async () => z.encode(sourcesWire, { sources: [...(await service.listSources())] }),
  })
}
