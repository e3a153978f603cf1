import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { auditEntryPageWire, auditTreeQuery, readAuditEntryQuery } from '../contract/audit.ts'
import { readQuery } from '../contract/query.ts'
import type { GatewayService } from '../contract/service.ts'
import { GatewayError } from '../kernel/errors.ts'
import { routeOf } from './route.ts'

interface QueryRoute {
  Querystring: Record<string, unknown>
}

/** `/v1/audit…` */
export function addAuditRoutes(app: FastifyInstance, service: GatewayService): void {
  app.route<QueryRoute>({
    ...routeOf('listAuditEntries'),
    handler: async (request) => {
      const page = await service.listAuditEntries(readAuditEntryQuery(request.query))
      return z.encode(auditEntryPageWire, { ...page, entries: [...page.entries] })
    },
  })
  app.route<QueryRoute>({
    ...routeOf('getAuditCheckpoint'),
    handler: async (request, reply) => sendText(reply, await service.auditCheckpoint(originOf(request.query))),
  })
  app.route<QueryRoute>({
    ...routeOf('getAuditProof'),
    handler: async (request, reply) =>
      sendText(reply, await service.auditProof(indexOf(request), originOf(request.query))),
  })
}

function originOf(query: Record<string, unknown>): string | undefined {
  return readQuery(auditTreeQuery, query).origin
}

/** The bytes as they were signed. */
function sendText(reply: FastifyReply, text: string): FastifyReply {
  return reply.header('content-type', 'text/plain; charset=utf-8').send(text)
}

/** @throws GatewayError `not_found`: no entry has another index */
function indexOf(request: FastifyRequest<QueryRoute>): number {
  const { index } = request.params as { index: string }
  if (/^(0|[1-9]\d{0,14})$/.test(index)) return Number(index)
  throw new GatewayError('not_found', [
    { at: 'index', found: 'something that is not an index', expected: 'a whole number from 0' },
  ])
}
