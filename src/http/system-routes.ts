import type { FastifyInstance } from 'fastify'
import type { z } from 'zod'
import type { Check, healthWire, indexWire, readinessWire } from '../contract/health.ts'
import type { GatewayService } from '../contract/service.ts'
import { isGatewayError } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import { routeOf } from './route.ts'

/** Options of {@link addSystemRoutes}. */
export interface SystemRoutesOptions {
  readonly service: GatewayService
  readonly version: string
  /** Makes the OpenAPI document. Not before it is asked for: few gateways ever are, and it takes 12 ms. */
  readonly openApi: () => JsonObject
}

/** `/healthz`, `/readyz`, `/metrics`, `/openapi.json` and `/`. */
export function addSystemRoutes(app: FastifyInstance, { service, version, openApi }: SystemRoutesOptions): void {
  app.route({ ...routeOf('getHealth'), handler: async (): Promise<z.output<typeof healthWire>> => ({ status: 'ok' }) })
  app.route({
    ...routeOf('getReadiness'),
    handler: async (_request, reply) => {
      const checks = await checksOf(service)
      const ready = checks.every((check) => check.ok)
      const answer: z.output<typeof readinessWire> = {
        status: ready ? 'ready' : 'not_ready',
        checks: checks.map(({ name, ok, detail }) => ({ name, ok, detail })),
      }
      return reply.code(ready ? 200 : 503).send(answer)
    },
  })
  app.route({
    ...routeOf('getMetrics'),
    handler: async (_request, reply) => {
      const { contentType, body } = await service.metrics()
      return reply.header('content-type', contentType).send(body)
    },
  })
  let document: string | undefined
  app.route({
    ...routeOf('getOpenApi'),
    handler: async (_request, reply) => {
      document ??= JSON.stringify(openApi())
      return reply.header('content-type', 'application/json; charset=utf-8').send(document)
    },
  })
  app.route({
    ...routeOf('getIndex'),
    handler: async (): Promise<z.output<typeof indexWire>> => ({
      name: 'claimlinc-teams',
      version,
      about: 'Platform events as Adaptive Cards in Microsoft Teams. Send one with POST /v1/events.',
      links: {
        openapi: '/openapi.json',
        notifications: '/v1/notifications',
        channels: '/v1/channels',
        silences: '/v1/silences',
        health: '/healthz',
        ready: '/readyz',
        metrics: '/metrics',
        ...(app.hasRoute({ method: 'GET', url: '/sandbox' }) ? { sandbox: '/sandbox' } : {}),
      },
    }),
  })
}

/** The checks of readiness. One failed check `gateway` when they throw. */
async function checksOf(service: GatewayService): Promise<readonly Check[]> {
  try {
    return await service.readiness()
  } catch (error) {
    return [{ name: 'gateway', ok: false, detail: isGatewayError(error) ? error.code : 'internal' }]
  }
}
