import type { CeleryDefinition } from '../../catalogue/celery-definition.ts'
import type { CeleryConnections } from '../../sources/celery/connections.ts'

/** A Celery source of the configuration, on whose tasks people act. */
export interface CeleryTarget {
  readonly definition: CeleryDefinition
  readonly connections: CeleryConnections
}

/** The source of an event: the one that sent it, or of an event that a program sent the only one that there is. */
export function ofSource(targets: readonly CeleryTarget[], origin: string): CeleryTarget | undefined {
  const [only, ...others] = targets
  if (origin.startsWith('source:')) return targets.find(({ definition }) => origin === `source:${definition.name}`)
  return others.length === 0 ? only : undefined
}
