import type { FastifyPluginAsync } from 'fastify'
import type { PagerWebhookAnswer } from '../contract/pager-webhooks.ts'
import { toGatewayError } from '../contract/problem.ts'
import type { Log } from '../kernel/log.ts'

/** The use case that the route calls. */
export interface PagerDutyReceiver {
  receivePagerDuty(name: string, body: Uint8Array, signature: string | undefined): Promise<PagerWebhookAnswer>
}

/** A webhook has a few thousand bytes; an incident with a long title and many references has more. */
const MAX_WEBHOOK_BYTES = 262_144

/**
 * `POST /v1/inbound/pagerduty/{name}`, for the public listener and for the service. Its signature covers the bytes of the body, so
 * they are not parsed here. PagerDuty drops a webhook after a 4xx and tries again after a 5xx.
 */
export function pagerDutyWebhook(service: PagerDutyReceiver, log: Log): FastifyPluginAsync {
  return async (app) => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
    app.setErrorHandler(async (error, request, reply) => {
      const known = toGatewayError(error)
      if (known.status >= 500)
        log.write('request_failed', { err: error, request_id: request.id, route: request.routeOptions.url ?? null })
      // The code alone: what was found and expected is for the administrator, in the log and the audit trail.
      return reply
        .code(known.status)
        .type('application/problem+json')
        .send(JSON.stringify({ code: known.code }))
    })
    app.post<{ Params: { name: string } }>(
      '/v1/inbound/pagerduty/:name',
      { bodyLimit: MAX_WEBHOOK_BYTES },
      async (request) => {
        const header = request.headers['x-pagerduty-signature']
        const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
        return service.receivePagerDuty(request.params.name, body, typeof header === 'string' ? header : undefined)
      },
    )
  }
}
