import type { SourceDefinition } from '../catalogue/source-definitions.ts'
import type { Source, SourceParts } from './source.ts'

/** Makes a source of the configuration. Nothing is connected yet. Each kind is imported only where one is configured: clients take memory. */
export async function createSource(definition: SourceDefinition, parts: SourceParts): Promise<Source> {
  switch (definition.kind) {
    case 'postgres':
      return (await import('./postgres/source.ts')).createPostgresSource(definition, parts)
    case 'celery':
      return (await import('./celery/source.ts')).createCelerySource(definition, parts)
    case 'rabbitmq':
      return (await import('./rabbitmq/source.ts')).createRabbitmqSource(definition, parts)
    case 'redis':
      return (await import('./redis/source.ts')).createRedisSource(definition, parts)
    case 'vault':
      return (await import('./vault/source.ts')).createVaultSource(definition, parts)
  }
}
