import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { acceptancesWire } from '../contract/events.ts'
import { parseJsonBody } from '../contract/json-body.ts'
import { requireJson } from '../contract/media-type.ts'
import { toGatewayError } from '../contract/problem.ts'
import type { GatewayService } from '../contract/service.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { routeOf } from './route.ts'

/** Blanks and a byte order mark, then the `<` of HTML and XML. */
const MARKUP = /^[\s\uFEFF]*</

/**
 * `POST /v1/inbound/alertmanager/{name}`. Alertmanager sends a webhook again after a status of 5xx, newer versions also after 429,
 * and drops it after any other: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config.
 */
export function addAlertRoutes(app: FastifyInstance, service: GatewayService, metrics: Metrics): void {
  // As for events: the service counts what it refuses itself.
  const reachedService = new WeakSet<FastifyRequest>()
  app.route<{ Params: { name: string } }>({
    ...routeOf('receiveAlerts'),
    onRequest: async (request) => requireJson(request.headers),
    onError: async (request, _reply, error) => {
      if (!reachedService.has(request))
        metrics.count('teams_events_refused_total', { code: toGatewayError(error).code })
    },
    handler: async (request, reply) => {
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
      if (MARKUP.test(body.subarray(0, 100).toString('utf8')))
        throw new GatewayError('invalid_json', [
          { at: 'body', found: 'a page of HTML or XML', expected: 'the JSON of a webhook of Alertmanager or Grafana' },
        ])
      const webhook = parseJsonBody(body)
      reachedService.add(request)
      const accepted = await service.receiveAlerts(
        request.params.name,
        webhook,
        request.caller?.origin ?? 'http',
        request.disconnected ?? undefined,
      )
      return reply.code(202).send(z.encode(acceptancesWire, { events: [...accepted] }))
    },
  })
}
