import { randomUUID } from 'node:crypto'
import type { Channel, ConsumeMessage } from 'amqplib'
import type { CeleryDefinition } from '../../catalogue/celery-definition.ts'
import { SourceProblem } from '../source.ts'
import type { AmqpConnection } from './amqp-connection.ts'
import type { CeleryConnections } from './connections.ts'
import { type ReadBody, readEventBody } from './events.ts'
import type { Link } from './link.ts'
import { amqpCodeOf } from './problems.ts'
import type { QueueFigures } from './queues.ts'

/** Before the name of our own queues: the guide's rights are for names that begin so. */
export const QUEUE_PREFIX = 'celeryev.claimlinc.'
/** Messages that RabbitMQ sends before one is acknowledged. */
const PREFETCH = 500
/** RabbitMQ keeps so much of what we are too slow for, and drops the oldest. */
const QUEUE = { messageTtl: 60_000, maxLength: 100_000, arguments: { 'x-max-length-bytes': 64 * 2 ** 20 } } as const
const NOT_FOUND = 404

/** Listens on RabbitMQ with an exclusive queue, and looks at queues by passive declaration, which needs no right. */
export async function amqpLink(
  { name, eventExchange, harmless }: CeleryDefinition,
  connections: CeleryConnections,
  onBody: (body: ReadBody) => void,
  signal: AbortSignal,
): Promise<Link> {
  const connection = await open(connections, signal)
  let problem: SourceProblem | undefined
  let listening: Channel | undefined
  connection.onClosed((why) => {
    problem = why
  })

  async function isThere(look: (channel: Channel) => Promise<unknown>, abort: AbortSignal): Promise<boolean> {
    try {
      await connection.withChannel(look, abort)
      return true
    } catch (error) {
      if (isNotFound(error)) return false
      throw error
    }
  }
  async function figuresOf(queue: string, abort: AbortSignal): Promise<QueueFigures> {
    try {
      const { messageCount, consumerCount } = await connection.withChannel(
        (channel) => channel.checkQueue(queue),
        abort,
      )
      return { queue, exists: true, waiting: messageCount, consumers: consumerCount }
    } catch (error) {
      if (isNotFound(error)) return { queue, exists: false, waiting: 0, consumers: 0 }
      throw error
    }
  }

  function take(channel: Channel, message: ConsumeMessage | null): void {
    connection.received()
    if (message === null) {
      // The queue was deleted: nothing more comes.
      problem ??= new SourceProblem('no_answer')
      return
    }
    onBody(readEventBody(message.content, harmless))
    channel.ack(message)
  }

  return {
    async listen(abort) {
      if (listening !== undefined) return true
      // Passive: without the right to declare it. Workers declare it when they start.
      if (!(await isThere((channel) => channel.checkExchange(eventExchange), abort))) return false
      const channel = await connection.channel(abort)
      let why: unknown
      channel.on('error', (error: unknown) => {
        why = error
      })
      channel.on('close', () => {
        problem ??= connection.problemOf(why)
      })
      const queue = `${QUEUE_PREFIX}${name}.${randomUUID()}`
      await connection.within(
        (async () => {
          await channel.assertQueue(queue, { ...QUEUE, durable: false, autoDelete: true, exclusive: true })
          await channel.bindQueue(queue, eventExchange, '#')
          await channel.prefetch(PREFETCH)
          await channel.consume(queue, (message) => take(channel, message))
        })().catch((error: unknown) => {
          throw why ?? error
        }),
        abort,
      )
      listening = channel
      return true
    },
    queues: (names, abort) => Promise.all(names.map((queue) => figuresOf(queue, abort))),
    async connected(workers, _online, abort) {
      const found = await Promise.all(
        // Each worker has such a queue for control commands, which RabbitMQ deletes with its connection.
        workers.map(async (worker): Promise<[string, boolean]> => {
          const { exists, consumers } = await figuresOf(`${worker}.celery.pidbox`, abort)
          return [worker, exists && consumers !== 0]
        }),
      )
      const known = new Map(found)
      return (worker) => known.get(worker)
    },
    get problem() {
      return problem
    },
    close: () => connection.close(),
  }
}

async function open(connections: CeleryConnections, signal: AbortSignal): Promise<AmqpConnection> {
  const connection = await connections.broker(signal)
  if (connection.kind !== 'rabbitmq') throw new SourceProblem('failed')
  return connection
}

function isNotFound(error: unknown): boolean {
  return error instanceof SourceProblem && amqpCodeOf(error.cause) === NOT_FOUND
}
