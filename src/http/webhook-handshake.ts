import type { FastifyInstance } from 'fastify'
import { GatewayError } from '../kernel/errors.ts'
import { routeOf } from './route.ts'

/** A DNS name, which the specification demands of `WebHook-Request-Origin`. */
const ORIGIN = /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/

/**
 * `OPTIONS /v1/events`: the validation handshake of CloudEvents HTTP webhooks
 * (https://github.com/cloudevents/spec/blob/main/cloudevents/http-webhook.md, section 4), by which a receiver agrees to
 * get a sender's events. Azure Event Grid delivers nothing without it.
 *
 * Needs no authentication, which senders can not give here; each delivery needs a token or signature all the same. The
 * asynchronous answer by `WebHook-Request-Callback` is not supported: that would call a URL of the requester's choice
 * (SSRF).
 */
export function addWebhookHandshake(app: FastifyInstance): void {
  app.route({
    ...routeOf('allowWebhook'),
    handler: async (request, reply) => {
      const origin = request.headers['webhook-request-origin']
      if (origin === undefined) {
        reply.header('allow', 'OPTIONS, POST')
        throw new GatewayError('method_not_allowed', [
          { at: 'webhook-request-origin', found: 'nothing', expected: 'POST, or the handshake of a webhook' },
        ])
      }
      if (typeof origin !== 'string' || !ORIGIN.test(origin))
        throw new GatewayError('invalid_request', [
          { at: 'webhook-request-origin', found: 'something else', expected: 'a DNS name' },
        ])
      return reply
        .code(200)
        .headers({ allow: 'OPTIONS, POST', 'webhook-allowed-origin': origin, 'webhook-allowed-rate': '*' })
        .send()
    },
  })
}
