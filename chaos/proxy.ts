import { connect, createServer, type Socket } from 'node:net'

/** A TCP proxy that can be unkind. */
export interface TcpProxy {
  readonly port: number
  /** Resets every connection, now; new ones are taken. */
  cut(): void
  /** Resets every connection and refuses new ones, until `mend`. */
  refuse(): void
  /** Takes what comes and passes nothing on, either way, without a word: what a vanished route looks like. */
  swallow(): void
  /** Passes on what comes so many milliseconds later, each way. */
  slow(ms: number): void
  mend(): void
  close(): Promise<void>
}

/** Starts one on a free port of 127.0.0.1, in front of another port there. */
export async function startProxy(target: number): Promise<TcpProxy> {
  const pairs = new Set<readonly [Socket, Socket]>()
  let mode: 'pass' | 'refuse' | 'swallow' = 'pass'
  let lag = 0
  const cut = () => {
    for (const pair of pairs) for (const socket of pair) socket.resetAndDestroy()
    pairs.clear()
  }
  const server = createServer((near) => {
    if (mode === 'refuse') return void near.resetAndDestroy()
    const far = connect(target, '127.0.0.1')
    const pair = [near, far] as const
    pairs.add(pair)
    for (const [from, to] of [pair, [far, near] as const]) {
      from.setNoDelay(true)
      const passOn = inOrder((chunk: Buffer) => void to.write(chunk))
      from.on('data', (chunk: Buffer) => {
        if (mode === 'pass') passOn(chunk, lag)
      })
      from.on('end', () => to.end())
      from.on('error', () => to.destroy())
      from.on('close', () => {
        to.destroy()
        pairs.delete(pair)
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    port: address && typeof address === 'object' ? address.port : 0,
    cut,
    refuse() {
      mode = 'refuse'
      cut()
    },
    swallow() {
      mode = 'swallow'
    },
    slow(ms) {
      lag = ms
    },
    mend() {
      lag = 0
      // What was swallowed is lost, so no connection of that time can be gone on with.
      if (mode === 'swallow') cut()
      mode = 'pass'
    },
    close: () =>
      new Promise((resolve) => {
        cut()
        server.close(() => resolve())
      }),
  }
}

/** Passes things on after a while, each after the one before it, however long each waits. */
function inOrder<T>(pass: (one: T) => void): (one: T, ms: number) => void {
  const queue: { readonly one: T; readonly due: number }[] = []
  const flush = () => {
    for (let [first] = queue; first; [first] = queue) {
      const left = first.due - performance.now()
      if (left > 0) return void setTimeout(flush, Math.ceil(left))
      queue.shift()
      pass(first.one)
    }
  }
  return (one, ms) => {
    if (queue.length === 0 && ms === 0) return pass(one)
    queue.push({ one, due: performance.now() + ms })
    if (queue.length === 1) flush()
  }
}
