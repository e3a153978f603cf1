import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { GatewayError } from '../kernel/errors.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { createGate, type Gate, type GateLimits } from './gate.ts'
import type { Work } from './operations.ts'

/**
 * Limits by kind of work. Events cost one for each 64 KB, the others one each. More at once would not be faster: the process has
 * one thread, and a pool of ten connections by default.
 */
const LIMITS: { readonly [W in Work]: GateLimits } = {
  send: { running: 16, runningOfCaller: 16, waiting: 1_000, waitingOfCaller: 500, patienceMs: 20_000 },
  read: { running: 4, runningOfCaller: 2, waiting: 64, waitingOfCaller: 16, patienceMs: 10_000 },
  change: { running: 4, runningOfCaller: 2, waiting: 64, waitingOfCaller: 16, patienceMs: 10_000 },
}

/** Bytes of a body that cost one. */
const BYTES_OF_ONE = 65_536
/** What one request costs at most: two large bodies are not worked on at once, and beside one there is room for small ones. */
const DEAREST = 9
/** Requests of one connection at once. Pipelining is rare, and a client that does it waits for its first answers anyway. */
const REQUESTS_OF_CONNECTION = 16
/** Largest bodies that may be under way at once, and those of one caller among them. */
const LARGE_BODIES = 8
const LARGE_BODIES_OF_CALLER = 4
/** Seconds after which a caller that was refused may try again. */
export const RETRY_AFTER_SECONDS = 1

interface Connection {
  readonly gone: AbortSignal
  requests: number
}

/**
 * Bounds what callers make the gateway do at once, and refuses the rest with `gateway_busy` (503) and Retry-After before it costs
 * anything: one connection with a thousand questions, or a few of the largest bodies, held up every probe and the leases
 * of channels for half a minute.
 *
 * To be called before the routes are made.
 */
export function limitWork(app: FastifyInstance, metrics: Metrics, maxBodyBytes: number): void {
  const gates: { readonly [W in Work]: Gate } = {
    send: createGate(LIMITS.send),
    read: createGate(LIMITS.read),
    change: createGate(LIMITS.change),
  }
  const connections = new WeakMap<Socket, Connection>()
  const bodies = createBodyCount(maxBodyBytes)

  function connectionOf(socket: Socket): Connection {
    const known = connections.get(socket)
    if (known) return known
    const gone = new AbortController()
    socket.once('close', () => gone.abort())
    if (socket.destroyed) gone.abort()
    const connection = { gone: gone.signal, requests: 0 }
    connections.set(socket, connection)
    return connection
  }

  app.decorateRequest('gone', null)
  app.addHook('onRequest', async (request, reply) => {
    const connection = connectionOf(request.raw.socket)
    request.gone = connection.gone
    if (connection.requests >= REQUESTS_OF_CONNECTION) throw new GatewayError('gateway_busy')
    connection.requests++
    reply.raw.once('close', () => connection.requests--)
  })
  app.addHook('onError', async (request, _reply, error) => {
    if (error instanceof GatewayError && error.code === 'gateway_busy')
      metrics.count('teams_requests_refused_total', { work: request.routeOptions.config.work ?? 'other' })
  })
  app.addHook('onRoute', (route) => {
    const work = route.config?.work
    if (work === undefined) return
    const { handler } = route
    if (work !== 'read') route.preParsing = [...[route.preParsing ?? []].flat(), bodies.count]
    route.handler = function (request, reply) {
      const { gone } = connectionOf(request.raw.socket)
      const asking = { caller: callerOf(request), cost: costOf(request), gone }
      return gates[work].run(asking, async () => handler.call(this, request, reply))
    }
  })
}

/** Who shares one share: all connections of a token; without tokens, one connection. */
function callerOf(request: FastifyRequest): unknown {
  const origin = request.caller?.origin ?? 'http'
  return origin === 'http' ? request.raw.socket : origin
}

function costOf(request: FastifyRequest): number {
  const bytes = Buffer.isBuffer(request.body) ? request.body.length : 0
  return Math.min(DEAREST, 1 + Math.floor(bytes / BYTES_OF_ONE))
}

const UNKNOWN = Symbol('callers that are not known yet')

/** Counts the bytes of large bodies from the header on that announces them until they are answered. */
function createBodyCount(maxBodyBytes: number) {
  const ofCaller = new Map<unknown, number>()
  let total = 0

  function add(caller: unknown, bytes: number): void {
    total += bytes
    const left = (ofCaller.get(caller) ?? 0) + bytes
    if (left > 0) ofCaller.set(caller, left)
    else ofCaller.delete(caller)
  }

  return {
    async count(request: FastifyRequest, reply: { readonly raw: { once(event: 'close', task: () => void): unknown } }) {
      const announced = Number(request.headers['content-length'] ?? maxBodyBytes)
      if (!(announced > BYTES_OF_ONE)) return
      const bytes = Math.min(announced, maxBodyBytes)
      // Who signs is not known before the body is there: all of those share one share, and take none of the others'.
      const caller = request.caller === null ? UNKNOWN : callerOf(request)
      const own = ofCaller.get(caller) ?? 0
      if (total + bytes > LARGE_BODIES * maxBodyBytes || own + bytes > LARGE_BODIES_OF_CALLER * maxBodyBytes)
        throw new GatewayError('gateway_busy')
      add(caller, bytes)
      let counted = true
      const over = () => {
        if (counted) add(caller, -bytes)
        counted = false
        request.gone?.removeEventListener('abort', over)
      }
      reply.raw.once('close', over)
      // An answer that waits behind others of its connection does not hear that this is gone.
      request.gone?.addEventListener('abort', over, { once: true })
    },
  }
}
