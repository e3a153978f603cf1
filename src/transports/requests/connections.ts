import { Client } from 'undici'
import type { ProxyFor } from '../proxy.ts'
import { createTunnelConnector } from '../tunnel.ts'
import { createAbortListeners } from './abort-listeners.ts'

/** TLS options of connections. */
export interface TlsOptions {
  /** TEAMS_TLS_MIN_VERSION. */
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3'
  /** Trusted certificates (PEM) instead of Node's list. `NODE_EXTRA_CA_CERTS` adds to Node's list. */
  readonly ca?: string
}

/** Limits and options of connections. */
export interface ConnectionsOptions {
  /** TEAMS_TOTAL_CONNECTIONS. */
  readonly total: number
  /** TEAMS_CONNECTIONS_PER_HOST: per scheme, host and port. */
  readonly perHost: number
  /** For opening a connection, TLS included. */
  readonly connectTimeoutMs: number
  readonly tls: TlsOptions
  /** Chooses a proxy; connections through it count too. All connections are direct if absent. */
  readonly proxyFor?: ProxyFor | undefined
}

/** One connection, used by one post at a time. */
export interface Connection {
  readonly client: Client
  /** Marks the post as begun: afterwards `callOff` does not end it. */
  begin(): void
  /** Returns the connection. With `reusable` false it is closed at once, and a request in flight on it rejects. */
  release(reusable: boolean): void
}

/** Connections to all hosts, with a common limit. */
export interface Connections {
  /**
   * Waits for a connection to `origin`, first come first served. Rejects when one of the signals aborts. Afterwards,
   * `signal` closes the connection at once, and the request in flight on it rejects; `callOff` does the same only until
   * {@link Connection.begin}, for example while the connection is still being opened.
   */
  acquire(origin: string, signals: AbortSignals): Promise<Connection>
  /** Closes all connections, those in use too. */
  close(): Promise<void>
}

interface Slot {
  readonly origin: string
  readonly client: Client
  /** Closes a socket that is still connecting; `client.destroy` does not. */
  readonly socketEnd: AbortController
  open: boolean
}

/** See {@link Connections.acquire}. */
interface AbortSignals {
  readonly signal: AbortSignal
  readonly callOff: AbortSignal
}

interface Waiter {
  readonly origin: string
  readonly serve: (slot: Slot) => void
}

/**
 * Opens at most `total` connections, and `perHost` to one origin, idle ones included. A connection that is being closed
 * does not count.
 *
 * Each slot is one undici `Client`, which is exactly one connection, and is used by one post at a time. That limits the
 * total, allows to close an idle connection to one host when another host needs it, and separates a post that was never
 * begun from one that may have arrived. Rejected: undici's Agent, which limits connections per origin only, and its
 * Pool, which does not report when a request gets a connection.
 */
export function createConnections(options: ConnectionsOptions): Connections {
  const slots = new Set<Slot>()
  const idle: Slot[] = []
  const waiters: Waiter[] = []
  const whenAborted = createAbortListeners()

  function open(origin: string): Slot {
    const socketEnd = new AbortController()
    const connect = { ...options.tls, timeout: options.connectTimeoutMs, signal: socketEnd.signal }
    const proxy = options.proxyFor?.(origin)
    const client = new Client(origin, {
      // The limits count connections; HTTP/2 would put several posts on one.
      allowH2: false,
      connect: proxy === undefined ? connect : createTunnelConnector(proxy, connect),
      headersTimeout: 0,
      bodyTimeout: 0,
    })
    const slot: Slot = { origin, client, socketEnd, open: false }
    client.on('connect', () => {
      slot.open = true
    })
    client.on('disconnect', () => {
      slot.open = false
      if (idle.includes(slot)) discard(slot)
    })
    slots.add(slot)
    return slot
  }

  function discard(slot: Slot): void {
    slots.delete(slot)
    const at = idle.indexOf(slot)
    if (at >= 0) idle.splice(at, 1)
    void destroy(slot)
  }

  async function destroy(slot: Slot): Promise<void> {
    const destroyed = slot.client.destroy()
    slot.socketEnd.abort()
    await destroyed
  }

  function take(origin: string): Slot | undefined {
    const known = idle.findLast((slot) => slot.origin === origin)
    if (known) {
      idle.splice(idle.indexOf(known), 1)
      return known
    }
    let toHost = 0
    for (const slot of slots) if (slot.origin === origin) toHost += 1
    if (toHost >= options.perHost) return undefined
    if (slots.size >= options.total) {
      const longestIdle = idle[0]
      if (!longestIdle) return undefined
      discard(longestIdle)
    }
    return open(origin)
  }

  function connectionOf(slot: Slot, signals: AbortSignals): Connection {
    let released = false
    const release = (reusable: boolean) => {
      if (released) return
      released = true
      stopListening()
      begin()
      if (reusable && slot.open && slots.has(slot)) idle.push(slot)
      else discard(slot)
      serveWaiters()
    }
    // Not undici's own signal option, which has no effect while it connects.
    const stopListening = whenAborted(signals.signal, () => release(false))
    const begin = whenAborted(signals.callOff, () => release(false))
    return { client: slot.client, begin, release }
  }

  /** Gives free connections to waiters, oldest first. Waiters for a host at its limit do not block those for another. */
  function serveWaiters(): void {
    const full = new Set<string>()
    for (let at = 0; at < waiters.length; ) {
      const waiter = waiters[at] as Waiter
      const slot = full.has(waiter.origin) ? undefined : take(waiter.origin)
      if (slot) {
        waiters.splice(at, 1)
        waiter.serve(slot)
      } else {
        full.add(waiter.origin)
        at += 1
      }
    }
  }

  return {
    acquire(origin, signals) {
      return new Promise((resolve, reject) => {
        const { signal, callOff } = signals
        for (const { aborted, reason } of [signal, callOff]) if (aborted) return reject(reason)
        // Earlier waiters for this host come first.
        const slot = waiters.some((waiter) => waiter.origin === origin) ? undefined : take(origin)
        if (slot) return resolve(connectionOf(slot, signals))
        const stopListening = () => {
          for (const stop of listeners) stop()
        }
        const waiter: Waiter = {
          origin,
          serve(slot) {
            stopListening()
            resolve(connectionOf(slot, signals))
          },
        }
        const stopWaiting = ({ reason }: AbortSignal) => {
          stopListening()
          waiters.splice(waiters.indexOf(waiter), 1)
          reject(reason)
        }
        const listeners = [signal, callOff].map((aborting) => whenAborted(aborting, () => stopWaiting(aborting)))
        waiters.push(waiter)
      })
    },
    async close() {
      const all = [...slots]
      slots.clear()
      idle.length = 0
      await Promise.all(all.map(destroy))
    },
  }
}
