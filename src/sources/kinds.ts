import type { SourceDefinition } from '../catalogue/source-definitions.ts'
import type { Source, SourceParts } from './source.ts'

/** How a source of each kind is made. Each is imported only where the configuration has one: clients take memory. */
const KINDS: {
  readonly [K in SourceDefinition['kind']]: (
    definition: Extract<SourceDefinition, { readonly kind: K }>,
    parts: SourceParts,
  ) => Promise<Source>
} = {
  postgres: async (definition, parts) => (await import('./postgres/source.ts')).createPostgresSource(definition, parts),
  redis: async (definition, parts) => (await import('./redis/source.ts')).createRedisSource(definition, parts),
}

/** Makes a source of the configuration. Nothing is connected yet. */
export function createSource(definition: SourceDefinition, parts: SourceParts): Promise<Source> {
  // Each branch has the definition of its kind, which an index by kind would lose.
  return definition.kind === 'redis' ? KINDS.redis(definition, parts) : KINDS.postgres(definition, parts)
}
