import type { CeleryDefinition } from '../../catalogue/celery-definition.ts'
import { createAuthority } from '../authority.ts'
import type { SourceParts } from '../source.ts'
import type { AmqpConnection } from './amqp-connection.ts'
import { connectRedis, type RedisConnection } from './redis-connection.ts'

/** A connection to a broker, by its kind. */
export type BrokerConnection =
  | ({ readonly kind: 'rabbitmq' } & AmqpConnection)
  | ({ readonly kind: 'redis' } & RedisConnection)

/** Opens connections of a Celery source with its credentials as of now. Each belongs to its caller, who closes it. */
export interface CeleryConnections {
  /** @throws SourceProblem */
  broker(signal: AbortSignal): Promise<BrokerConnection>
  /** To the result backend; undefined where the configuration has none. @throws SourceProblem */
  results(signal: AbortSignal): Promise<RedisConnection | undefined>
}

/** Makes the functions that connect. amqplib is imported where a broker is RabbitMQ. */
export function createConnections(definition: CeleryDefinition, { secret }: SourceParts): CeleryConnections {
  const { name, broker, results } = definition
  const brokerAuthority = createAuthority(broker.caFile)
  const resultsAuthority = createAuthority(results?.caFile)
  return {
    async broker(signal) {
      const credentials = { secret: secret(), readAuthority: brokerAuthority }
      if (broker.kind === 'redis') return withKind('redis', await connectRedis(broker, credentials, signal))
      const { connectAmqp } = await import('./amqp-connection.ts')
      const options = { ...credentials, name: `claimlinc-teams ${name}` }
      return withKind('rabbitmq', await connectAmqp(broker, options, signal))
    },
    async results(signal) {
      if (results === undefined) return undefined
      return connectRedis(results, { secret: secret('results'), readAuthority: resultsAuthority }, signal)
    },
  }
}

/** A copy by spread would read `closed` once. */
function withKind<const K extends BrokerConnection['kind'], C extends object>(kind: K, connection: C): C & { kind: K } {
  return Object.assign(connection, { kind })
}
