import { Client } from 'undici'
import type { ProxyFor } from '../proxy.ts'
import { createTunnelConnector } from '../tunnel.ts'
import { createAbortListeners } from './abort-listeners.ts'

/** TLS as the gateway speaks it. */
export interface TlsOptions {
  /** TEAMS_TLS_MIN_VERSION. */
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3'
  /** Certificates (PEM) to trust in place of Node's own list. `NODE_EXTRA_CA_CERTS` adds to that list without this. */
  readonly ca?: string
}

/** How many connections, and how. */
export interface ConnectionsOptions {
  /** TEAMS_TOTAL_CONNECTIONS. */
  readonly total: number
  /** TEAMS_CONNECTIONS_PER_HOST: per scheme, host and port. */
  readonly perHost: number
  /** Longest time to make one, in milliseconds. */
  readonly connectTimeoutMs: number
  readonly tls: TlsOptions
  /** Where a connection goes through a proxy; it counts all the same. None does, if absent. */
  readonly proxyFor?: ProxyFor | undefined
}

/** One connection, held by one post at a time. */
export interface Connection {
  readonly client: Client
  /** The post begins: from now on calling off does not end it. */
  begin(): void
  /** Gives it back; with `reusable` false it is closed at once, and a request under way on it rejects. */
  release(reusable: boolean): void
}

/** The connections to all hosts, which are counted together. */
export interface Connections {
  /**
   * Waits, first come first served, for a connection to `origin`; rejects once one of the signals aborts. A connection that is
   * held when `signal` aborts is closed at once, and the request under way on it rejects; `callOff` does that only to one on
   * which nothing has begun, such as one that is still being made.
   */
  acquire(origin: string, ends: Ends): Promise<Connection>
  /** Closes all connections, those in use too. */
  close(): Promise<void>
}

interface Slot {
  readonly origin: string
  readonly client: Client
  /** Ends a socket that is still connecting, which destroying the client alone does not. */
  readonly socketEnd: AbortController
  open: boolean
}

/** See {@link Connections.acquire}. */
interface Ends {
  readonly signal: AbortSignal
  readonly callOff: AbortSignal
}

interface Waiter {
  readonly origin: string
  readonly serve: (slot: Slot) => void
}

/**
 * Keeps at most `total` connections, `perHost` to one origin, idle ones included; one that is being closed counts no more.
 *
 * undici's Agent limits connections per origin only, and its Pool does not say when a request gets one. Here each undici
 * `Client`, which is exactly one connection, is a slot that a post holds. That bounds the total, closes an idle connection to one
 * host when another needs the room, and tells a post that never began from one that may have arrived.
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
      // A stream of HTTP/2 is no connection, and the limits count connections.
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

  function hold(slot: Slot, ends: Ends): Connection {
    let held = true
    const release = (reusable: boolean) => {
      if (!held) return
      held = false
      stopListening()
      begin()
      if (reusable && slot.open && slots.has(slot)) idle.push(slot)
      else discard(slot)
      serve()
    }
    // A signal given to undici is not looked at while it connects.
    const stopListening = whenAborted(ends.signal, () => release(false))
    const begin = whenAborted(ends.callOff, () => release(false))
    return { client: slot.client, begin, release }
  }

  /** Serves whoever can be: a full host does not hold up those that wait for another. */
  function serve(): void {
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
    acquire(origin, ends) {
      return new Promise((resolve, reject) => {
        const { signal, callOff } = ends
        for (const { aborted, reason } of [signal, callOff]) if (aborted) return reject(reason)
        // Whoever stands in line for this host already is served first.
        const slot = waiters.some((one) => one.origin === origin) ? undefined : take(origin)
        if (slot) return resolve(hold(slot, ends))
        const stopListening = () => {
          for (const stop of listeners) stop()
        }
        const waiter: Waiter = {
          origin,
          serve(slot) {
            stopListening()
            resolve(hold(slot, ends))
          },
        }
        const leave = ({ reason }: AbortSignal) => {
          stopListening()
          waiters.splice(waiters.indexOf(waiter), 1)
          reject(reason)
        }
        const listeners = [signal, callOff].map((one) => whenAborted(one, () => leave(one)))
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
