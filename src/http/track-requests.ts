import type { FastifyInstance } from 'fastify'
import { GatewayError } from '../kernel/errors.ts'

/** Requests under way, and how to end them well. */
export interface RequestTracker {
  /** Refuses new requests, lets those under way finish for at most `ms`, then closes what is left. */
  drain(ms: number): Promise<void>
}

/**
 * Counts requests under way, so that a stop can wait for them. Waiting for connections instead, as `server.close` does,
 * may take for ever: a client that opened one and never sent anything keeps it.
 */
export function trackRequests(app: FastifyInstance): RequestTracker {
  const underWay = new Set<object>()
  let stopping = false
  let cut = false
  let noneLeft: () => void = () => {}
  app.server.on('connection', (socket) => {
    if (cut) socket.destroy()
  })
  app.addHook('onRequest', async (_request, reply) => {
    const { raw } = reply
    underWay.add(raw)
    const over = () => {
      underWay.delete(raw)
      if (underWay.size === 0) noneLeft()
    }
    // Not Fastify's onResponse, which never comes when the caller hangs up.
    raw.once('finish', over)
    raw.once('close', over)
    if (stopping) throw new GatewayError('gateway_stopped')
  })
  app.addHook('onSend', async (_request, reply) => {
    if (stopping) reply.header('connection', 'close')
  })
  return {
    async drain(ms) {
      stopping = true
      const finished = new Promise<void>((resolve) => {
        noneLeft = resolve
        if (underWay.size === 0) resolve()
      })
      // Stops listening and closes idle connections at once; resolves when the last connection is gone.
      const closed = app.close()
      // It is awaited below; until then its failure must not count as one that nobody looks at.
      closed.then(undefined, () => {})
      let timer: NodeJS.Timeout | undefined
      await Promise.race([finished, new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)))])
      clearTimeout(timer)
      // The last answer is written, but perhaps not sent: give its socket the chance to empty before cutting the rest.
      await new Promise<void>((resolve) => setImmediate(resolve))
      cut = true
      app.server.closeAllConnections()
      await closed
    },
  }
}
