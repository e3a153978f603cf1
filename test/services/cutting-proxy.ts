import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A TCP proxy to PostgreSQL that can cut a connection at a statement, or block all of them. */
export interface CuttingProxy {
  /** The connection string that leads through it. */
  readonly url: string
  /**
   * Cuts the next connection that has sent the first text, where it sends the last: `before` the server has it, or `after` the
   * server has answered, so that the answer is lost. Resolves after the cut.
   */
  cutAt(texts: readonly string[], when: 'before' | 'after'): Promise<void>
  /** From now on, nothing that is sent arrives; connections stay open. */
  block(): void
  unblock(): void
  close(): Promise<void>
}

/** Listens on a free port and passes everything on to PostgreSQL. */
export async function startCuttingProxy(url: string): Promise<CuttingProxy> {
  const target = new URL(url)
  const sockets = new Set<Socket>()
  let cut:
    | { readonly texts: readonly string[]; readonly when: 'before' | 'after'; readonly done: () => void }
    | undefined
  let blocked = false
  let flush: (() => void)[] = []

  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname)
    let answered: (() => void) | undefined
    let seen = 0
    const end = () => {
      client.destroy()
      upstream.destroy()
    }
    const sends = (bytes: Buffer, texts: readonly string[]) => {
      while (seen < texts.length && bytes.includes(texts[seen] ?? '')) seen++
      return seen === texts.length
    }
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', end)
      socket.on('close', end)
    }
    client.on('data', (bytes: Buffer) => {
      const pass = () => upstream.write(bytes)
      if (blocked) flush.push(pass)
      else if (cut && sends(bytes, cut.texts)) {
        const { when, done } = cut
        cut = undefined
        answered = () => {
          end()
          done()
        }
        if (when === 'after') pass()
        else answered()
      } else pass()
    })
    upstream.on('data', (bytes: Buffer) => {
      if (answered) answered()
      else client.write(bytes)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const own = new URL(url)
  own.port = String(typeof address === 'object' ? address?.port : '')
  own.hostname = '127.0.0.1'
  return {
    url: own.href,
    cutAt: (texts, when) =>
      new Promise((done) => {
        cut = { texts, when, done }
      }),
    block() {
      blocked = true
    },
    unblock() {
      blocked = false
      for (const pass of flush) pass()
      flush = []
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
