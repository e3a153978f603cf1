import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { type Acceptance, acceptancesWire } from '../contract/events.ts'
import { readEvents, refusalFor, withRequestId } from '../contract/events-request.ts'
import { eventFormat } from '../contract/media-type.ts'
import { toGatewayError } from '../contract/problem.ts'
import type { GatewayService } from '../contract/service.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { routeOf } from './route.ts'

/** `POST /v1/events`. */
export function addEventsRoute(app: FastifyInstance, service: GatewayService, metrics: Metrics): void {
  // The service counts events that it refuses. Requests that are refused before they reach it are counted here.
  const reachedService = new WeakSet<FastifyRequest>()
  app.route({
    ...routeOf('sendEvents'),
    onRequest: async (request) => {
      eventFormat(request.headers)
    },
    onError: async (request, _reply, error) => {
      if (reachedService.has(request)) return
      metrics.count('teams_events_refused_total', { code: toGatewayError(error).code })
    },
    handler: async (request, reply) => {
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
      const format = eventFormat(request.headers)
      if (request.caller?.signed && format === 'binary') throw unsignedAttributes()
      const read = readEvents(format, request.headers, body)
      const requestId = request.caller?.requestId
      const events = requestId === undefined ? read : withRequestId(read, requestId)
      let accepted: readonly Acceptance[]
      reachedService.add(request)
      try {
        accepted = await service.accept(
          events.events,
          request.caller?.origin ?? 'http',
          request.disconnected ?? undefined,
        )
      } catch (error) {
        throw refusalFor(events, error)
      }
      const correlationId = sharedCorrelationId(accepted)
      if (correlationId !== undefined) reply.header('x-correlation-id', correlationId)
      return reply.code(202).send(z.encode(acceptancesWire, { events: [...accepted] }))
    },
  })
}

/**
 * The error for a signed CloudEvent in binary mode. The signature covers the body only: an attacker with one signed body
 * could send it again with other `ce-` headers, as another type, with another priority or a new id.
 */
function unsignedAttributes(): GatewayError {
  return new GatewayError('unsupported_media_type', [
    {
      at: 'ce-specversion',
      found: 'a CloudEvent in headers, which the signature does not cover',
      expected: 'all of the CloudEvent in the body, as application/cloudevents+json',
    },
  ])
}

/**
 * The correlation id that all events share, as a header value: percent-encoded where it has `%` or characters other than
 * printable ASCII. Undefined when they differ.
 */
function sharedCorrelationId(accepted: readonly Acceptance[]): string | undefined {
  const [id, ...others] = new Set(accepted.map((acceptance) => acceptance.correlationId))
  if (id === undefined || others.length > 0) return undefined
  return /^[\x21-\x24\x26-\x7e]+$/.test(id) ? id : encodeURIComponent(id.toWellFormed())
}
