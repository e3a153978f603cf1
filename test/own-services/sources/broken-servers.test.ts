import { createServer, type Socket } from 'node:net'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { systemClock } from '../../../src/kernel/clock.ts'
import { Secret } from '../../../src/kernel/secret.ts'
import { createPostgresSource } from '../../../src/sources/postgres/source.ts'
import { lookOnce } from './one-look.ts'

/** A server that answers every connection in its own way. Returns its port. */
async function serverThat(answers: (socket: Socket, first: Buffer) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('data', (first) => answers(socket, first))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

const sourceAt = (port: number, password = 'password') =>
  createPostgresSource(
    {
      name: 'claims_db',
      kind: 'postgres',
      intervalMs: 30_000,
      blindAfterMs: 60_000,
      openAfterMs: 0,
      closeAfterMs: 0,
      host: '127.0.0.1',
      port,
      database: 'postgres',
      user: 'monitor',
      tls: 'off',
      caFile: undefined,
      connections: 0.9,
      lagBytes: 1,
      lagSeconds: 1,
      replicas: 0,
      slotBytes: 1,
      transactionSeconds: 1,
      idleSeconds: 1,
    },
    { secret: () => (password === '' ? undefined : new Secret(password)), clock: systemClock },
  )

/** AuthenticationOk, ReadyForQuery. */
const WELCOME = Buffer.from('520000000800000000' + '5a0000000549', 'hex')
/** The head of a message of 1 GB. */
const HUGE = Buffer.from('443fffffff', 'hex')

function pour(socket: Socket): void {
  const chunk = Buffer.alloc(65_536, 'x')
  const next = () => {
    while (!socket.destroyed && socket.write(chunk)) {}
  }
  socket.on('drain', next)
  next()
}

describe('a PostgreSQL source at a server that is none', () => {
  it.each([
    ['no_answer', 'another protocol', (socket: Socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
    [
      'answer_unreadable',
      'a message of no known type',
      (socket: Socket) => socket.write(Buffer.from('5800000004', 'hex')),
    ],
    ['no_answer', 'an end', (socket: Socket) => socket.end()],
    [
      'answer_unreadable',
      'a welcome and no rows',
      (socket: Socket) => {
        socket.write(WELCOME)
        // CommandComplete, ReadyForQuery.
        socket.on('data', () => socket.write(Buffer.from(`430000000d53454c454354203000` + '5a0000000549', 'hex')))
      },
    ],
  ] as const)('says %s for %s', async (code, _, answers) => {
    expect(await lookOnce(sourceAt(await serverThat(answers)))).toMatchObject({ code, events: [] })
  })

  it('gets neither the password nor the options of the gateway itself where the source has no secret', async () => {
    vi.stubEnv('PGPASSWORD', 'MARKEDVALUE-of-the-gateway')
    vi.stubEnv('PGOPTIONS', '-c search_path=markedvalue')
    onTestFinished(() => void vi.unstubAllEnvs())
    const sent: Buffer[] = []
    const port = await serverThat((socket, first) => {
      sent.push(first)
      // AuthenticationCleartextPassword.
      socket.write(Buffer.from('520000000800000003', 'hex'))
      socket.once('data', (answer) => {
        sent.push(answer)
        // An error: 28P01.
        const fields = Buffer.from('SFATAL\0C28P01\0Mrefused\0\0')
        const head = Buffer.from('4500000000', 'hex')
        head.writeInt32BE(fields.length + 4, 1)
        socket.end(Buffer.concat([head, fields]))
      })
    })
    expect(await lookOnce(sourceAt(port, ''))).toMatchObject({ code: 'secret_missing', events: [] })
    expect(sent).toHaveLength(2)
    expect(Buffer.concat(sent).toString('latin1').toLowerCase()).not.toContain('markedvalue')
  })

  it.each([
    ['before', [HUGE]],
    ['after', [WELCOME, HUGE]],
  ])('cuts an endless answer %s the log-in, and keeps little of it', async (_, heads) => {
    const port = await serverThat((socket) => {
      for (const head of heads) socket.write(head)
      pour(socket)
    })
    const before = process.memoryUsage().arrayBuffers
    expect(await lookOnce(sourceAt(port))).toMatchObject({ code: 'answer_too_large', events: [] })
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(150 * 2 ** 20)
  })

  it('gives up an answer that does not end within ten seconds, also one that drips', async () => {
    const port = await serverThat((socket) => {
      socket.write(HUGE)
      const drip = setInterval(() => socket.write('x'), 100)
      socket.on('close', () => clearInterval(drip))
    })
    const begun = performance.now()
    expect(await lookOnce(sourceAt(port))).toMatchObject({ code: 'no_answer', events: [] })
    expect(performance.now() - begun).toBeLessThan(30_000)
  })
})
