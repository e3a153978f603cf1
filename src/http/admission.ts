import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { GatewayError } from '../kernel/errors.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { createGate, type Gate, type GateLimits } from './gate.ts'
import type { Work } from './operations.ts'

/**
 * Limits by kind of work. A request with events costs one unit for each 64 KB of its body, all other requests one unit.
 * Higher limits would not be faster: the process has one thread and by default a pool of ten database connections.
 */
const LIMITS: { readonly [W in Work]: GateLimits } = {
  send: { running: 16, runningOfCaller: 16, waiting: 1_000, waitingOfCaller: 500, maxWaitMs: 20_000 },
  read: { running: 4, runningOfCaller: 2, waiting: 64, waitingOfCaller: 16, maxWaitMs: 10_000 },
  // A relay passes on the clicks of everybody in a channel, and a thousand at once on one button wait for its lock.
  act: { running: 4, runningOfCaller: 4, waiting: 2_000, waitingOfCaller: 1_000, maxWaitMs: 60_000 },
  change: { running: 4, runningOfCaller: 2, waiting: 64, waitingOfCaller: 16, maxWaitMs: 10_000 },
}

/** Bytes of a request body that cost one unit. */
const BYTES_PER_COST_UNIT = 65_536
/**
 * Highest cost of one request. More than half of 16, so that two large bodies never run at once; below 16, so that
 * small ones do beside one.
 */
const MAX_COST = 9
/**
 * Requests of one connection in flight. HTTP pipelining is rare, and a client that pipelines waits for its first
 * answers anyway.
 */
const MAX_REQUESTS_OF_CONNECTION = 16
/** Bodies of TEAMS_MAX_BODY_BYTES that may be in memory at once, of all callers and of one. */
const MAX_LARGE_BODIES = 8
const MAX_LARGE_BODIES_OF_CALLER = 4
/** Retry-After of a `gateway_busy` answer. */
export const RETRY_AFTER_SECONDS = 1

interface Connection {
  readonly disconnected: AbortSignal
  /** Requests in flight. */
  requests: number
}

/**
 * Limits concurrent requests. A request above the limits gets `gateway_busy` (503) and Retry-After: before its body is
 * read where the connection has too many requests or too many large bodies are in memory, otherwise before its handler
 * runs. Without limits, one connection with a thousand queries, or a few of the largest bodies, delayed probes and
 * lease renewals by half a minute.
 *
 * Call it before adding routes: its `onRoute` hook wraps their handlers.
 */
export function limitWork(app: FastifyInstance, metrics: Metrics, maxBodyBytes: number): void {
  const gates: { readonly [W in Work]: Gate } = {
    send: createGate(LIMITS.send),
    read: createGate(LIMITS.read),
    act: createGate(LIMITS.act),
    change: createGate(LIMITS.change),
  }
  const connections = new WeakMap<Socket, Connection>()
  const bodies = createBodyCount(maxBodyBytes)

  function connectionOf(socket: Socket): Connection {
    const known = connections.get(socket)
    if (known) return known
    const disconnect = new AbortController()
    socket.once('close', () => disconnect.abort())
    if (socket.destroyed) disconnect.abort()
    const connection = { disconnected: disconnect.signal, requests: 0 }
    connections.set(socket, connection)
    return connection
  }

  app.decorateRequest('disconnected', null)
  app.addHook('onRequest', async (request, reply) => {
    const connection = connectionOf(request.raw.socket)
    request.disconnected = connection.disconnected
    if (connection.requests >= MAX_REQUESTS_OF_CONNECTION) throw new GatewayError('gateway_busy')
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
      const { disconnected } = connectionOf(request.raw.socket)
      const entry = { caller: callerOf(request), cost: costOf(request), disconnected }
      return gates[work].run(entry, async () => handler.call(this, request, reply))
    }
  })
}

/**
 * The identity by which limits of one caller are counted: the token, over all its connections; without tokens, the
 * connection.
 */
function callerOf(request: FastifyRequest): unknown {
  const origin = request.caller?.origin ?? 'http'
  return origin === 'http' ? request.raw.socket : origin
}

function costOf(request: FastifyRequest): number {
  const bytes = Buffer.isBuffer(request.body) ? request.body.length : 0
  return Math.min(MAX_COST, 1 + Math.floor(bytes / BYTES_PER_COST_UNIT))
}

/**
 * Stands for all callers with a signature: its check needs the body. They share one caller's limit, apart from other
 * callers'.
 */
const NOT_YET_VERIFIED = Symbol('callers whose signature is not verified yet')

/** Counts the bytes of large bodies, from their content-length header until the answer. */
function createBodyCount(maxBodyBytes: number) {
  const bytesOfCaller = new Map<unknown, number>()
  let total = 0

  function add(caller: unknown, bytes: number): void {
    total += bytes
    const left = (bytesOfCaller.get(caller) ?? 0) + bytes
    if (left > 0) bytesOfCaller.set(caller, left)
    else bytesOfCaller.delete(caller)
  }

  return {
    async count(request: FastifyRequest, reply: { readonly raw: { once(event: 'close', task: () => void): unknown } }) {
      const announced = Number(request.headers['content-length'] ?? maxBodyBytes)
      if (!(announced > BYTES_PER_COST_UNIT)) return
      const bytes = Math.min(announced, maxBodyBytes)
      const caller = request.caller === null ? NOT_YET_VERIFIED : callerOf(request)
      const counted = bytesOfCaller.get(caller) ?? 0
      if (
        total + bytes > MAX_LARGE_BODIES * maxBodyBytes ||
        counted + bytes > MAX_LARGE_BODIES_OF_CALLER * maxBodyBytes
      )
        throw new GatewayError('gateway_busy')
      add(caller, bytes)
      let released = false
      const release = () => {
        if (!released) add(caller, -bytes)
        released = true
        request.disconnected?.removeEventListener('abort', release)
      }
      reply.raw.once('close', release)
      // A pipelined answer that waits behind others emits no 'close' when its connection closes.
      request.disconnected?.addEventListener('abort', release, { once: true })
    },
  }
}
