import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { PROBLEM_MEDIA_TYPE, problemBody, toGatewayError } from '../contract/problem.ts'
import type { ErrorCode } from '../kernel/error-codes.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import { RETRY_AFTER_SECONDS } from './admission.ts'

/** Codes with a status of 5xx that are no failure, so that they are not logged as one. */
const NO_FAILURE: readonly ErrorCode[] = ['gateway_stopped', 'gateway_busy']

/** Answers with the thrown error, made a GatewayError by `toGatewayError`, as `application/problem+json`. */
export function sendProblem(thrown: unknown, request: FastifyRequest, reply: FastifyReply, log: Log): void {
  const error = toGatewayError(thrown)
  // Callers' mistakes are not logged as failures. A failure is, with the request id of the answer.
  if (error.status >= 500 && !NO_FAILURE.includes(error.code))
    log.write('request_failed', { err: error, request_id: request.id, route: request.routeOptions.url ?? null })
  if (error.code === 'gateway_busy') reply.header('retry-after', RETRY_AFTER_SECONDS)
  if (error.code === 'unauthenticated')
    reply.header(
      'www-authenticate',
      `${request.routeOptions.config.browser ? 'Basic' : 'Bearer'} realm="claimlinc-teams"`,
    )
  if (error.code === 'forbidden')
    reply.header('www-authenticate', `Bearer error="insufficient_scope", scope="${request.routeOptions.config.scope}"`)
  // A Buffer, because Fastify adds a charset to the content type of strings, and this media type has none.
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
  const noRoute = (request: FastifyRequest, reply: FastifyReply) => {
    const path = request.url.split('?', 1)[0] ?? ''
    const allowed = new Set(
      [...methods.values()].filter(({ pattern }) => pattern.test(path)).flatMap((route) => [...route.methods]),
    )
    if (allowed.size === 0)
      return new GatewayError('not_found', [
        { at: 'path', found: 'a path that leads nowhere', expected: 'a path of /openapi.json' },
      ])
    const allow = [...allowed].sort().join(', ')
    reply.header('allow', allow)
    return new GatewayError('method_not_allowed', [{ at: 'method', found: 'another method', expected: allow }])
  }
  // Before the body is read: Fastify would otherwise refuse an unsupported or too large body first.
  app.addHook('onRequest', async (request, reply) => {
    if (request.is404) throw noRoute(request, reply)
  })
  app.setNotFoundHandler((request, reply) => sendProblem(noRoute(request, reply), request, reply, log))
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

/** Answers bytes that Node's HTTP parser refuses (`clientError`), for which Fastify has no request and no reply. */
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

/** The id of a request, in its error answer (`instance`) and in its log lines. */
export function newRequestId(_request: IncomingMessage | object): string {
  return randomUUID()
}
