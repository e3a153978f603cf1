import type { CeleryDefinition, RedisBroker } from '../../catalogue/celery-definition.ts'
import { SourceProblem } from '../source.ts'
import type { CeleryConnections } from './connections.ts'
import { type ReadBody, readEnvelope } from './events.ts'
import type { Link } from './link.ts'
import type { QueueFigures } from './queues.ts'
import type { RedisConnection } from './redis-connection.ts'

/** Between the name of a queue and the step of its priority in a key, as kombu writes it. */
const SEPARATOR = '\x06\x16'
/** `priority_steps` of kombu: tasks of priority 0 are in the key of the queue's own name. */
const PRIORITY_STEPS = [3, 6, 9]

/** Listens on Redis by PSUBSCRIBE, and looks at queues by LLEN. Two connections: one that subscribes takes no other commands. */
export async function redisLink(
  { eventExchange, harmless }: CeleryDefinition,
  { database, keyPrefix }: RedisBroker,
  connections: CeleryConnections,
  onBody: (body: ReadBody) => void,
  signal: AbortSignal,
): Promise<Link> {
  const subscriber = await open(connections, signal)
  const commands = await open(connections, signal).catch((error: unknown) => {
    subscriber.close()
    throw error
  })
  const channelOf = (exchange: string) => `${keyPrefix}/${database}.${exchange}`
  let listening = false

  async function lengthOf(queue: string, abort: AbortSignal): Promise<QueueFigures> {
    const key = keyPrefix + queue
    const keys = [key, ...PRIORITY_STEPS.map((step) => key + SEPARATOR + step)]
    const lengths = await Promise.all(keys.map((each) => numberOf(commands, ['LLEN', each], abort)))
    // An empty list is no key: nobody knows whether such a queue is meant to be.
    return { queue, exists: true, waiting: lengths.reduce((sum, length) => sum + length, 0), consumers: undefined }
  }

  return {
    async listen(abort) {
      if (!listening)
        await subscriber.subscribe(
          `${channelOf(eventExchange)}/*`,
          (_, message) => onBody(readEnvelope(message, harmless)),
          abort,
        )
      listening = true
      return true
    },
    async queues(names, abort) {
      // Also a sign that the subscriber's connection is alive: a server that hangs sends nothing, like a quiet night.
      await subscriber.ping(abort)
      const figures: QueueFigures[] = []
      for (const queue of names) figures.push(await lengthOf(queue, abort))
      const workers = await workersOf(abort)
      return workers === 0 ? figures.map((queue) => ({ ...queue, consumers: 0 })) : figures
    },
    async connected(_, online, abort) {
      // Each worker subscribes to the channel of control commands. Redis says how many do, and not which.
      const workers = await workersOf(abort)
      return () => workers >= online
    },
    get problem() {
      return subscriber.problem ?? commands.problem
    },
    close() {
      subscriber.close()
      commands.close()
    },
  }

  async function workersOf(abort: AbortSignal): Promise<number> {
    const reply = await commands.ask(['PUBSUB', 'NUMSUB', channelOf('celery.pidbox')], abort)
    const count = Array.isArray(reply) ? reply[1] : undefined
    if (typeof count !== 'number') throw new SourceProblem('answer_unreadable')
    return count
  }
}

async function open(connections: CeleryConnections, signal: AbortSignal): Promise<RedisConnection> {
  const connection = await connections.broker(signal)
  if (connection.kind !== 'redis') throw new SourceProblem('failed')
  return connection
}

async function numberOf(connection: RedisConnection, command: readonly string[], abort: AbortSignal): Promise<number> {
  const reply = await connection.ask(command, abort)
  if (typeof reply !== 'number') throw new SourceProblem('answer_unreadable')
  return reply
}
