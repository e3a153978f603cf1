import type { EventTypes } from '../../src/events/catalogue.ts'

type BuiltIn = keyof EventTypes & string
/** A built-in type by its own name, not an alias. */
export type Canonical = Exclude<
  BuiltIn,
  'celery.task.failure' | 'nphies.jwt.error' | 'system.rabbitmq.node_down' | 'system.postgres.replication_lag'
>

/** An event as it is after it was accepted: patient data masked. */
export interface Sample<T extends Canonical> {
  readonly correlationId: string
  readonly occurredAt: string
  readonly data: EventTypes[T]
}
