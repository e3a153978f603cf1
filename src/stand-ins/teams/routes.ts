import type { FastifyPluginAsync } from 'fastify'
import { z } from 'zod'
import { GatewayError, isGatewayError } from '../../kernel/errors.ts'
import { giveAnswer } from './answer.ts'
import { streamEvents } from './events.ts'
import { pageFiles } from './page-files.ts'
import { errorBody, faultCode, REFUSALS } from './refusals.ts'
import type { MessageFilter, Sandbox } from './sandbox.ts'

/** Largest body that a webhook takes. The platform takes 100 MB, but posts none above 28 KB. */
const MAX_POST_BYTES = 1_048_576

const JSON_TYPE = 'application/json; charset=utf-8'

/** What a gateway with tokens asks of whoever looks, and of whoever changes something; a stand-in alone asks nothing. */
const READING = { scope: 'read', browser: true } as const
const CHANGING = { scope: 'act', browser: true } as const

type OfChannel = { Params: { channel: string } }

/**
 * The sandbox over HTTP, as a Fastify plugin: the page, the channels' webhooks, and what tests drive it with.
 *
 * What is asked wrongly of `/sandbox/...` throws a {@link GatewayError}, for the server's own error handler; only the
 * webhooks answer as the platform does. `gateway: false` tells the page that no gateway runs behind the same address.
 */
export function sandboxRoutes(sandbox: Sandbox, options: { gateway: boolean } = { gateway: true }): FastifyPluginAsync {
  return async (app) => {
    const stopping = new AbortController()
    app.addHook('preClose', async () => stopping.abort())

    await app.register(pageFiles(options))
    await app.register(webhookRoute(sandbox, stopping.signal))

    app.get('/sandbox/channels', { config: READING }, async () => ({ channels: sandbox.channels() }))
    app.get<OfChannel>('/sandbox/channels/:channel/messages', { config: READING }, async (request) => ({
      messages: sandbox.messages(request.params.channel, parseFilter(request.query)),
    }))
    app.delete<OfChannel>('/sandbox/channels/:channel/messages', { config: CHANGING }, async (request, reply) => {
      sandbox.clear(request.params.channel)
      return reply.code(204).send()
    })
    app.put<OfChannel>('/sandbox/channels/:channel/faults', { config: CHANGING }, async (request) => ({
      faults: sandbox.setFaults(request.params.channel, request.body ?? null),
    }))
    // Without HEAD, whose answer would never end.
    app.get('/sandbox/events', { config: READING, exposeHeadRoute: false }, async (_request, reply) => {
      reply.hijack()
      streamEvents(sandbox, reply.raw, stopping.signal)
    })
  }
}

/** Where cards go. A scope of its own, because here the body is bytes and errors look as the platform's. */
function webhookRoute(sandbox: Sandbox, stopping: AbortSignal): FastifyPluginAsync {
  return async (app) => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
    app.setErrorHandler<Error & { statusCode?: number }>(async (error, _request, reply) => {
      // What the server's own checks throw before this scope is reached is answered in the server's way.
      if (isGatewayError(error)) throw error
      const { statusCode = 500 } = error
      if (statusCode >= 500)
        return reply
          .code(500)
          .type(JSON_TYPE)
          .send(errorBody(faultCode(500), 'The sandbox failed.'))
      const code = statusCode === 413 ? 'RequestEntityTooLarge' : 'InvalidRequestContent'
      const { status, message } = REFUSALS[code]
      return reply.code(status).type(JSON_TYPE).send(errorBody(code, message))
    })
    app.post<OfChannel>('/sandbox/channels/:channel/webhook', { bodyLimit: MAX_POST_BYTES }, async (request, reply) => {
      const { url = '', headers } = request.raw
      const query = url.includes('?') ? url.slice(url.indexOf('?')) : ''
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
      return giveAnswer(reply, sandbox.receive(request.params.channel, { query, headers, body }), stopping)
    })
  }
}

const filterSchema = z.object({
  since: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(10_000).optional(),
})

function parseFilter(query: unknown): MessageFilter {
  const parsed = filterSchema.safeParse(query)
  if (!parsed.success) {
    throw new GatewayError(
      'invalid_request',
      parsed.error.issues.map((issue) => ({
        at: issue.path.join('.'),
        found: 'other text',
        expected: issue.path[0] === 'limit' ? 'a whole number from 1 to 10000' : 'one text',
      })),
    )
  }
  const { since, limit } = parsed.data
  return { ...(since === undefined ? {} : { since }), ...(limit === undefined ? {} : { limit }) }
}
