import type { CeleryDefinition } from '../../catalogue/celery-definition.ts'
import type { Source, SourceParts } from '../source.ts'
import { checkCelery } from './check.ts'
import { createConnections } from './connections.ts'
import { watch } from './watch.ts'

/** Watches Celery workers through their broker: what tasks come to, workers and queues. */
export function createCelerySource(definition: CeleryDefinition, parts: SourceParts): Source {
  const connections = createConnections(definition, parts)
  return {
    run: (context) => watch(context, definition, connections),
    check: (signal) => checkCelery(definition, connections, signal),
  }
}
