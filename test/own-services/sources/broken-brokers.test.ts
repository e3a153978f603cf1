import { createServer, type Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { CeleryDefinition } from '../../../src/catalogue/celery-definition.ts'
import { systemClock } from '../../../src/kernel/clock.ts'
import { createCelerySource } from '../../../src/sources/celery/source.ts'
import { lookOnce } from './one-look.ts'

/** A server that answers every connection in its own way. Returns its port. */
async function serverThat(answers: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('data', () => answers(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

function sourceAt(kind: 'rabbitmq' | 'redis', port: number) {
  const server = { host: '127.0.0.1', port, tls: 'off', caFile: undefined } as const
  const definition = {
    name: 'claims_workers',
    kind: 'celery',
    intervalMs: 30_000,
    blindAfterMs: 60_000,
    openAfterMs: 0,
    closeAfterMs: 0,
    broker:
      kind === 'redis'
        ? { kind, ...server, user: undefined, database: 0, keyPrefix: '' }
        : { kind, ...server, user: 'monitor', vhost: '/' },
    results: undefined,
    eventExchange: 'celeryev',
    queues: ['claims'],
    deadLetterQueues: [],
    retries: false,
    revoked: true,
    harmless: [],
    retryTasks: [],
    workerOfflineMs: 30_000,
    backlog: 1,
    backlogPerMinute: 1,
    backlogSeconds: 1,
    deadLetters: 1,
  } as const satisfies CeleryDefinition
  return createCelerySource(definition, { secret: () => undefined, clock: systemClock })
}

function pour(socket: Socket, bytes: Buffer): void {
  const next = () => {
    while (!socket.destroyed && socket.write(bytes)) {}
  }
  socket.on('drain', next)
  next()
}

/** The head of a frame of AMQP with 2 GB. */
const HUGE_FRAME = Buffer.from('0100007fffffff', 'hex')
/** A subscription that was taken, and a message of 1 GB. */
const SUBSCRIBED = '*3\r\n$10\r\npsubscribe\r\n$13\r\n/0.celeryev/*\r\n:1\r\n'

describe('a Celery source at a broker that is none', () => {
  it.each([
    [
      'rabbitmq',
      'answer_unreadable',
      'another protocol',
      (socket: Socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    ],
    ['rabbitmq', 'no_answer', 'an end', (socket: Socket) => socket.end()],
    ['rabbitmq', 'no_answer', 'a reset', (socket: Socket) => socket.resetAndDestroy()],
    [
      'redis',
      'answer_unreadable',
      'another protocol',
      (socket: Socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    ],
    ['redis', 'no_answer', 'an end', (socket: Socket) => socket.end()],
    ['redis', 'rights_missing', 'a refusal', (socket: Socket) => socket.write('-NOPERM no such channel\r\n')],
    ['redis', 'secret_missing', 'a refusal without a secret', (socket: Socket) => socket.write('-NOAUTH log in\r\n')],
    [
      'redis',
      'answer_too_large',
      'a message of 1 GB',
      (socket: Socket) => socket.write(`${SUBSCRIBED}*4\r\n$999999999\r\n`),
    ],
  ] as const)('%s: says %s for %s', async (kind, code, _, answers) => {
    expect(await lookOnce(sourceAt(kind, await serverThat(answers)))).toMatchObject({ code, events: [] })
  })

  it.each([
    ['rabbitmq', HUGE_FRAME, Buffer.alloc(65_536)],
    ['redis', Buffer.from('$8000000\r\n'), Buffer.alloc(65_536, 'x')],
    ['redis', Buffer.from('+'), Buffer.alloc(65_536, 'x')],
  ] as const)('%s: cuts an endless answer, and keeps little of it', async (kind, head, more) => {
    const port = await serverThat((socket) => {
      socket.write(head)
      pour(socket, more)
    })
    const before = process.memoryUsage().arrayBuffers
    const { code, events } = await lookOnce(sourceAt(kind, port))
    expect(events).toEqual([])
    expect(['answer_too_large', 'answer_unreadable']).toContain(code)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 2 ** 20)
  })

  it.each(['rabbitmq', 'redis'] as const)(
    '%s: gives up an answer that drips after ten seconds',
    async (kind) => {
      const port = await serverThat((socket) => {
        const drip = setInterval(() => socket.write(kind === 'redis' ? '+' : Buffer.from([1])), 500)
        socket.on('close', () => clearInterval(drip))
      })
      const begun = performance.now()
      expect((await lookOnce(sourceAt(kind, port))).code).toMatch(/^(no_answer|answer_unreadable)$/)
      expect(performance.now() - begun).toBeLessThan(20_000)
    },
    60_000,
  )
})
