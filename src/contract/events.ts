import { z } from 'zod'
import type { EventType, EventTypes } from '../catalogue/event-types.ts'
import type { Language } from '../catalogue/language.ts'
import type { Priority } from '../catalogue/priority.ts'
import type { StakeholderGroup } from '../catalogue/stakeholder-groups.ts'
import type { JsonObject } from '../kernel/json.ts'
import { camelName, record, renamed, snakeName } from './json-names.ts'
import { STATES, type State } from './notifications.ts'

/** The fields of an event of the type `T`. Only `eventType` and `data` are needed. */
export interface EventFields<T extends EventType> {
  /** The event type; a literal, so that the compiler checks `data` against it. */
  readonly eventType: T
  /** What happened; the fields are those of the type's card: docs/reference/events.md. */
  readonly data: EventTypes[T]
  /** Ties together all that concerns one thing; made if absent. Of more than 200 characters the start and a digest are kept. */
  readonly correlationId?: string
  /** Groups to tell, by display name or key; the catalogue's if absent. */
  readonly stakeholders?: readonly StakeholderGroup[]
  /** In any letter case; the catalogue's if absent. */
  readonly priority?: Priority | Lowercase<Priority>
  /** When it happened, as a `Date` or as ISO 8601 text with a zone; now if absent. */
  readonly occurredAt?: Date | string
  /** The same key within TEAMS_EVENT_TTL seconds gets the first answer again and makes no second card. */
  readonly idempotencyKey?: string
  /** Language of its cards; the channel's if absent. */
  readonly language?: Language
}

/**
 * An event as a caller writes it: {@link EventFields} of one event type, or of any of them. The compiler checks `data`
 * against `eventType`, also in a list of events of different types.
 */
export type EventInput<T extends EventType = EventType> = T extends EventType ? EventFields<T> : never

/** An event as it was accepted: checked, named, patient data dealt with. This is what is stored, published and rendered. */
export interface AcceptedEvent {
  readonly id: string
  readonly eventType: string
  readonly correlationId: string
  readonly priority: Priority
  /** Keys of the groups to tell. */
  readonly stakeholders: readonly string[]
  readonly data: JsonObject
  readonly occurredAt: Date
  readonly acceptedAt: Date
  readonly language: Language | undefined
}

/** The answer to one accepted event. */
export interface Acceptance {
  readonly eventId: string
  readonly correlationId: string
  /** True when the idempotency key was seen before: this is the first answer again. */
  readonly duplicate: boolean
  /**
   * Data fields that are not kept as they came, because the event's type does not declare them (TEAMS_UNDECLARED_DATA);
   * absent where there are none. A name that may be a value is `(entry 3)`.
   */
  readonly ignored?: readonly string[]
  readonly notifications: readonly { readonly id: string; readonly channel: string; readonly state: State }[]
}

/** An event as it comes over a wire, not yet checked. Keys as in the library, `data` anything. */
export interface UncheckedEvent {
  readonly eventType?: unknown
  readonly data?: unknown
  readonly correlationId?: unknown
  readonly stakeholders?: unknown
  readonly priority?: unknown
  readonly occurredAt?: unknown
  readonly idempotencyKey?: unknown
  readonly language?: unknown
}

/** The answer to one accepted event. */
export const acceptanceWire = record({
  event_id: z.string(),
  correlation_id: z.string(),
  duplicate: z.boolean().meta({ description: 'The idempotency key was seen before: this is the first answer again.' }),
  ignored: z.array(z.string()).exactOptional().meta({
    description:
      'Data fields that are not kept, because the event type does not declare them (TEAMS_UNDECLARED_DATA); absent where there are none. A name that may be a value is told by its place, such as "(entry 3)".',
  }),
  notifications: z.array(record({ id: z.string(), channel: z.string(), state: z.enum(STATES) })),
})

/** The answer to `POST /v1/events`. */
export const acceptancesWire = z.object({ events: z.array(acceptanceWire) })

/** The fields of an event on the wire. What they may hold is checked where events are accepted. */
export const EVENT_FIELDS = [
  'event_type',
  'data',
  'correlation_id',
  'stakeholders',
  'priority',
  'occurred_at',
  'idempotency_key',
  'language',
] as const

/** An event of the wire as the service takes it; fields that are not an event's are left behind. */
export function eventFromWire(wire: Readonly<Record<string, unknown>>): UncheckedEvent {
  return Object.fromEntries(
    EVENT_FIELDS.filter((field) => Object.hasOwn(wire, field)).map((field) => [camelName(field), wire[field]]),
  )
}

/** An event as it is sent over the wire. */
export function eventToWire(event: EventInput): Record<string, unknown> {
  const wire = renamed(event, snakeName)
  return Object.fromEntries(EVENT_FIELDS.filter((field) => wire[field] !== undefined).map((f) => [f, wire[f]]))
}
