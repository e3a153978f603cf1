import type { Kysely } from 'kysely'
import type { Archive } from '../../archive/archive.ts'
import type { SecretPart, SourceDefinition } from '../../catalogue/source-definitions.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { Secret } from '../../kernel/secret.ts'
import { createConnections } from '../../sources/celery/connections.ts'
import type { Tables } from '../../store/tables.ts'
import type { ActionProvider } from '../provider.ts'
import { createDiscard, createRestore } from './dead-letters.ts'
import { createCeleryRetry } from './retry.ts'

/** Makes what people can do with tasks of the configuration's Celery sources. Nothing is connected before an action runs. */
export function createCeleryProviders(
  sources: Iterable<SourceDefinition>,
  parts: {
    readonly kysely: () => Kysely<Tables>
    readonly secret: (name: string, part?: SecretPart) => Secret | undefined
    readonly archive: Archive
    readonly clock: Clock
  },
): readonly ActionProvider[] {
  const targets = [...sources].flatMap((definition) =>
    definition.kind === 'celery'
      ? [
          {
            definition,
            connections: createConnections(definition, {
              secret: (part) => parts.secret(definition.name, part),
              clock: parts.clock,
            }),
          },
        ]
      : [],
  )
  if (targets.length === 0) return []
  const { kysely, archive } = parts
  return [
    createCeleryRetry(targets, kysely),
    createDiscard(targets, kysely, archive),
    createRestore(targets, kysely, archive),
  ]
}
