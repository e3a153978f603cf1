import type { FastifyInstance } from 'fastify'
import { GatewayError } from '../kernel/errors.ts'
import { routeOf } from './operations.ts'

/** A DNS name, as the specification has it. */
const ORIGIN = /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/

/**
 * `OPTIONS /v1/events`: the validation handshake of CloudEvents' HTTP webhooks (section 4), which keeps a sender from being
 * turned against somebody who never asked for its events. Without it Azure Event Grid delivers nothing.
 *
 * The permission is no right: each delivery is asked for its token or signature. So nobody is asked for one here, where
 * senders have no way to show it. `WebHook-Request-Callback`, the other way to answer, is a URL of the asker's choice, and
 * is not called.
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
