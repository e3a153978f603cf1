import type { FastifyInstance } from 'fastify'
import { GatewayError } from '../kernel/errors.ts'

/** Tracks requests in flight, for a graceful stop. */
export interface RequestTracker {
  /** Refuses new requests, waits up to `timeoutMs` for those in flight, then closes all connections. */
  stop(timeoutMs: number): Promise<void>
}

/**
 * Tracks requests in flight, so that a stop can wait for them. `server.close` waits for connections instead, which may
 * take for ever: a client can keep one open without sending a request.
 */
export function trackRequests(app: FastifyInstance): RequestTracker {
  const inFlight = new Set<object>()
  let stopping = false
  let closing = false
  let onNoneInFlight: () => void = () => {}
  app.server.on('connection', (socket) => {
    if (closing) socket.destroy()
  })
  app.addHook('onRequest', async (_request, reply) => {
    const { raw } = reply
    inFlight.add(raw)
    const onEnd = () => {
      inFlight.delete(raw)
      if (inFlight.size === 0) onNoneInFlight()
    }
    // Not Fastify's onResponse hook, which does not run when the caller disconnects.
    raw.once('finish', onEnd)
    raw.once('close', onEnd)
    if (stopping) throw new GatewayError('gateway_stopped')
  })
  app.addHook('onSend', async (_request, reply) => {
    if (stopping) reply.header('connection', 'close')
  })
  return {
    async stop(timeoutMs) {
      stopping = true
      const finished = new Promise<void>((resolve) => {
        onNoneInFlight = resolve
        if (inFlight.size === 0) resolve()
      })
      // Stops listening and closes idle connections at once; resolves when the last connection is gone.
      const closed = app.close()
      // Awaited below; until then a failure must not become an unhandled rejection.
      closed.then(undefined, () => {})
      let timer: NodeJS.Timeout | undefined
      await Promise.race([finished, new Promise<void>((resolve) => (timer = setTimeout(resolve, timeoutMs)))])
      clearTimeout(timer)
      // The last answer is written but perhaps not flushed: one turn of the event loop before connections are closed.
      await new Promise<void>((resolve) => setImmediate(resolve))
      closing = true
      app.server.closeAllConnections()
      await closed
    },
  }
}
