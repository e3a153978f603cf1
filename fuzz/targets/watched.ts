import type { Catalogue } from '../../src/catalogue/catalogue.ts'
import type { CeleryDefinition } from '../../src/catalogue/celery-definition.ts'
import { loadCatalogue } from '../../src/catalogue/load.ts'
import type { RabbitmqDefinition } from '../../src/catalogue/rabbitmq-definition.ts'
import type { RedisDefinition, SourceDefinition } from '../../src/catalogue/source-definitions.ts'
import type { VaultDefinition } from '../../src/catalogue/vault-definition.ts'

/** Keyword arguments of Celery's tasks that may be shown. */
export const HARMLESS = ['payer', 'attempts']

/** A time by our clock. */
export const NOW = new Date('2026-11-30T10:00:00Z')

/** A catalogue with a source of each kind whose answers are fuzzed. */
export function watchedCatalogue(): Catalogue {
  const budget = { requests: 60, period: 60, burst: 10 }
  return loadCatalogue({
    language: 'en',
    budget,
    config: {
      sources: {
        workers: { kind: 'celery', broker: 'redis', host: 'broker', retries: true, harmless: HARMLESS },
        cache: { kind: 'redis', host: 'cache', replicas: 2 },
        rabbit: { kind: 'rabbitmq', host: 'rabbit-1', user: 'monitor', nodes: 3 },
        vault: { kind: 'vault', nodes: ['http://vault-0.internal:8200', 'http://vault-1.internal:8200'], pki: ['pki'] },
      },
    },
  })
}

interface Kinds {
  readonly celery: CeleryDefinition
  readonly rabbitmq: RabbitmqDefinition
  readonly redis: RedisDefinition
  readonly vault: VaultDefinition
}

/** The source of a kind. */
export function definitionOf<K extends keyof Kinds>({ sources }: Catalogue, kind: K): Kinds[K] {
  const found = [...sources.values()].find((source: SourceDefinition) => source.kind === kind)
  if (found === undefined) throw new Error(`there is no source of the kind ${kind}`)
  return found as Kinds[K]
}
