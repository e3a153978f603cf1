import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import {
  archivedDetailWire,
  archivePageWire,
  readArchiveQuery,
  rewrapQuery,
  rewrapStepWire,
} from '../contract/archive.ts'
import { readQuery } from '../contract/query.ts'
import type { GatewayService } from '../contract/service.ts'
import { idOf, routeOf } from './route.ts'

/** `/v1/archive…` */
export function addArchiveRoutes(app: FastifyInstance, service: GatewayService): void {
  app.route<{ Querystring: Record<string, unknown> }>({
    ...routeOf('listArchive'),
    handler: async (request) => {
      const page = await service.listArchive(readArchiveQuery(request.query))
      return z.encode(archivePageWire, { ...page, records: [...page.records] })
    },
  })
  app.route({
    ...routeOf('getArchived'),
    handler: async (request) =>
      z.encode(archivedDetailWire, await service.getArchived(idOf(request), request.caller?.origin ?? 'http')),
  })
  app.route<{ Querystring: Record<string, unknown> }>({
    ...routeOf('rewrapArchive'),
    handler: async (request) => {
      const { cursor } = readQuery(rewrapQuery, request.query)
      const step = await service.rewrapArchive(cursor, request.caller?.origin ?? 'http')
      return z.encode(rewrapStepWire, { ...step, damaged: [...step.damaged] })
    },
  })
}
