import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { PROBLEM_MEDIA_TYPE, problemBody, toGatewayError } from '../contract/problem.ts'
import type { ErrorCode } from '../kernel/error-codes.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import { RETRY_AFTER_SECONDS } from './admission.ts'

/** What is told to callers with a status of 5xx, and is no failure. */
const EXPECTED: readonly ErrorCode[] = ['gateway_stopped', 'gateway_busy']

/** Answers with an error, whatever it was that was thrown. */
export function sendProblem(thrown: unknown, request: FastifyRequest, reply: FastifyReply, log: Log): void {
  const error = toGatewayError(thrown)
  // What callers do wrong is their business; what fails here is ours, and the log has the same id as the answer.
  if (error.status >= 500 && !EXPECTED.includes(error.code))
    log.write('request_failed', { err: error, request_id: request.id, route: request.routeOptions.url ?? null })
  if (error.code === 'gateway_busy') reply.header('retry-after', RETRY_AFTER_SECONDS)
  if (error.code === 'unauthenticated')
    reply.header(
      'www-authenticate',
      `${request.routeOptions.config.browser ? 'Basic' : 'Bearer'} realm="claimlinc-teams"`,
    )
  if (error.code === 'forbidden')
    reply.header('www-authenticate', `Bearer error="insufficient_scope", scope="${request.routeOptions.config.scope}"`)
  // As bytes, because Fastify would give text a charset, which this media type does not have.
  const body = Buffer.from(JSON.stringify(problemBody(error, `urn:uuid:${request.id}`)))
  reply.code(error.status).header('content-type', PROBLEM_MEDIA_TYPE).header('cache-control', 'no-store').send(body)
}

/** Makes every error an RFC 9457 answer: thrown ones, unknown paths, and methods that a path does not take. */
export function answerErrors(app: FastifyInstance, log: Log): void {
  const methods = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>()
  app.addHook('onRoute', ({ url, method }) => {
    const known = methods.get(url) ?? { pattern: patternOf(url), methods: new Set<string>() }
    for (const name of [method].flat()) known.methods.add(name)
    methods.set(url, known)
  })
  const nothingHere = (request: FastifyRequest, reply: FastifyReply) => {
    const path = request.url.split('?', 1)[0] ?? ''
    const takes = new Set([...methods.values()].filter((r) => r.pattern.test(path)).flatMap((r) => [...r.methods]))
    if (takes.size === 0)
      return new GatewayError('not_found', [
        { at: 'path', found: 'a path that leads nowhere', expected: 'a path of /openapi.json' },
      ])
    const allow = [...takes].sort().join(', ')
    reply.header('allow', allow)
    return new GatewayError('method_not_allowed', [{ at: 'method', found: 'another method', expected: allow }])
  }
  // Before the body is read: Fastify would otherwise first complain of a body that nobody wants.
  app.addHook('onRequest', async (request, reply) => {
    if (request.is404) throw nothingHere(request, reply)
  })
  app.setNotFoundHandler((request, reply) => sendProblem(nothingHere(request, reply), request, reply, log))
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply, log))
}

function patternOf(url: string): RegExp {
  const parts = url.split('/').map((part) => {
    if (part.startsWith(':')) return '[^/]+'
    return part.replace(/[.*+?^${}()|[\]\\]/g, (character) => (character === '*' ? '.*' : `\\${character}`))
  })
  return new RegExp(`^${parts.join('/')}$`)
}

const MALFORMED: Readonly<
  Record<string, { readonly status: number; readonly reason: string; readonly found: string }>
> = {
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, reason: 'Request Timeout', found: 'a request that came too slowly' },
  HPE_HEADER_OVERFLOW: { status: 431, reason: 'Request Header Fields Too Large', found: 'headers that are too large' },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: {
    status: 413,
    reason: 'Content Too Large',
    found: 'chunk extensions that are too large',
  },
}

/** Answers what is not HTTP, for which there is no request and no reply to work with. */
export function answerMalformed(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  const { status, reason, found } = MALFORMED[error.code ?? ''] ?? {
    status: 400,
    reason: 'Bad Request',
    found: 'something else',
  }
  const problem = new GatewayError('invalid_request', [{ at: 'request', found, expected: 'a request in HTTP/1.1' }])
  const body = JSON.stringify(problemBody(problem, undefined, status))
  if (socket.writable)
    socket.write(
      `HTTP/1.1 ${status} ${reason}\r\nconnection: close\r\ncontent-type: ${PROBLEM_MEDIA_TYPE}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    )
  socket.destroy(error)
}

/** An id that ties an answer to a log line. */
export function newRequestId(_request: IncomingMessage | object): string {
  return randomUUID()
}
