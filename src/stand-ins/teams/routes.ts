import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { unsignLinks } from '../../contract/link-token.ts'
import { GatewayError, isGatewayError } from '../../kernel/errors.ts'
import { sendAnswer } from './answer.ts'
import { streamEvents } from './events.ts'
import { pageFiles } from './page-files.ts'
import { errorBody, faultCode, REFUSALS } from './refusals.ts'
import type { MessageFilter, Sandbox } from './sandbox.ts'

/** Largest body of a post. Power Automate accepts 100 MB, but posts no message above 28 KB. */
const MAX_POST_BYTES = 1_048_576

const JSON_TYPE = 'application/json; charset=utf-8'

/**
 * Scopes for reading and for changing the sandbox of a gateway with tokens; a separate stand-in has no authentication.
 */
const READ = { scope: 'read', browser: true } as const
const CHANGE = { scope: 'act', browser: true } as const

type OfChannel = { Params: { channel: string } }

/**
 * The sandbox over HTTP, as a Fastify plugin: its page, the channels' webhooks, and the API for tests.
 *
 * Errors are thrown as {@link GatewayError}, for the server's error handler; only webhooks answer errors as Power
 * Automate does. `gateway: false` means for the page that no gateway at the same origin accepts events.
 */
export function sandboxRoutes(sandbox: Sandbox, options: { gateway: boolean } = { gateway: true }): FastifyPluginAsync {
  return async (app) => {
    const stopping = new AbortController()
    app.addHook('preClose', async () => stopping.abort())

    await app.register(pageFiles(options))
    await app.register(webhookRoute(sandbox, stopping.signal))

    app.get('/sandbox/channels', { config: READ }, async () => ({ channels: sandbox.channels() }))
    app.get<OfChannel>('/sandbox/channels/:channel/messages', { config: READ }, async (request, reply) => {
      const messages = sandbox.messages(request.params.channel, parseFilter(request.query))
      return reply.type(JSON_TYPE).send(shownTo(request)(JSON.stringify({ messages })))
    })
    app.delete<OfChannel>('/sandbox/channels/:channel/messages', { config: CHANGE }, async (request, reply) => {
      sandbox.clear(request.params.channel)
      return reply.code(204).send()
    })
    app.put<OfChannel>('/sandbox/channels/:channel/faults', { config: CHANGE }, async (request) => ({
      faults: sandbox.setFaults(request.params.channel, request.body ?? null),
    }))
    // Without a HEAD route, whose answer would never end.
    app.get('/sandbox/events', { config: READ, exposeHeadRoute: false }, async (request, reply) => {
      reply.hijack()
      streamEvents(sandbox, reply.raw, { stopping: stopping.signal, shown: shownTo(request) })
    })
  }
}

/** A message holds working links, with which its reader acts: without the scope `act` they have no signatures. */
function shownTo(request: FastifyRequest): (text: string) => string {
  // Undefined in a stand-in without a gateway, and with all scopes in a gateway without tokens.
  const scopes = (request as { caller?: { scopes: ReadonlySet<string> } | null }).caller?.scopes
  return scopes === undefined || scopes.has('act') || scopes.has('admin') ? (text) => text : unsignLinks
}

/** The webhooks. A Fastify scope of their own: bodies are bytes, and errors have Power Automate's form. */
function webhookRoute(sandbox: Sandbox, stopping: AbortSignal): FastifyPluginAsync {
  return async (app) => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
    app.setErrorHandler<Error & { statusCode?: number }>(async (error, _request, reply) => {
      // Thrown by the server's hooks, such as the check of origins: its error handler answers.
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
      return sendAnswer(reply, sandbox.receive(request.params.channel, { query, headers, body }), stopping)
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
