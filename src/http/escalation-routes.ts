import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { escalationPageWire, readEscalationQuery } from '../contract/escalations.ts'
import type { GatewayService } from '../contract/service.ts'
import { routeOf } from './route.ts'

/** `/v1/escalations` */
export function addEscalationRoutes(app: FastifyInstance, service: GatewayService): void {
  app.route<{ Querystring: Record<string, unknown> }>({
    ...routeOf('listEscalations'),
    handler: async (request) => {
      const page = await service.listEscalations(readEscalationQuery(request.query))
      return z.encode(escalationPageWire, { ...page, escalations: [...page.escalations] })
    },
  })
}
