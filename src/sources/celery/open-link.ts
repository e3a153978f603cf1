import type { CeleryDefinition } from '../../catalogue/celery-definition.ts'
import type { CeleryConnections } from './connections.ts'
import type { ReadBody } from './events.ts'
import type { Link } from './link.ts'
import { redisLink } from './redis-link.ts'

/** Connects to the broker of a definition and listens. @throws SourceProblem */
export async function openLink(
  definition: CeleryDefinition,
  connections: CeleryConnections,
  onBody: (body: ReadBody) => void,
  signal: AbortSignal,
): Promise<Link> {
  const link =
    definition.broker.kind === 'redis'
      ? await redisLink(definition, definition.broker, connections, onBody, signal)
      : await (await import('./amqp-link.ts')).amqpLink(definition, connections, onBody, signal)
  try {
    await link.listen(signal)
    return link
  } catch (error) {
    link.close()
    throw error
  }
}
