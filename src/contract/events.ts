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
  /** The fields of the event type's card: docs/reference/events.md. */
  readonly data: EventTypes[T]
  /** Common id of all events about one subject; made if absent. Of more than 200 characters, the start and a digest are kept. */
  readonly correlationId?: string
  /** Stakeholder groups to notify, by display name or key; the catalogue's if absent. */
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

/** An accepted event: checked, with its ids, and with TEAMS_PHI_POLICY applied. It is stored, published and rendered. */
export interface AcceptedEvent {
  readonly id: string
  readonly eventType: string
  readonly correlationId: string
  readonly priority: Priority
  /** Keys of the stakeholder groups to notify. */
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
  /** True where the idempotency key was already known: this is the first answer again. */
  readonly duplicate: boolean
  /**
   * Data fields that are dropped or masked, because the event type does not declare them (TEAMS_UNDECLARED_DATA); absent
   * where there are none. A name that may be a value is replaced by its position, such as `(entry 3)`.
   */
  readonly ignored?: readonly string[]
  readonly notifications: readonly { readonly id: string; readonly channel: string; readonly state: State }[]
}

/** An event from a caller before any check, with the library's field names. */
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

/** An {@link Acceptance} in JSON. */
export const acceptanceWire = record({
  event_id: z.string(),
  correlation_id: z.string(),
  duplicate: z
    .boolean()
    .meta({ description: 'True if the idempotency key was already known: this is the first answer again.' }),
  ignored: z.array(z.string()).exactOptional().meta({
    description:
      'Data fields that are dropped or masked, because the event type does not declare them (TEAMS_UNDECLARED_DATA); absent if there are none. A name that may be a value is replaced by its position, such as "(entry 3)".',
  }),
  notifications: z.array(record({ id: z.string(), channel: z.string(), state: z.enum(STATES) })),
})

/** The answer to `POST /v1/events`. */
export const acceptancesWire = z.object({ events: z.array(acceptanceWire) })

/** The fields of an event in JSON. The acceptor checks their values. */
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

/** Converts an event in JSON to the library's field names; other fields are left out. */
export function eventFromWire(wire: Readonly<Record<string, unknown>>): UncheckedEvent {
  return Object.fromEntries(
    EVENT_FIELDS.filter((field) => Object.hasOwn(wire, field)).map((field) => [camelName(field), wire[field]]),
  )
}

/** Converts an event to JSON field names; other fields are left out. */
export function eventToWire(event: EventInput): Record<string, unknown> {
  const wire = renamed(event, snakeName)
  return Object.fromEntries(EVENT_FIELDS.filter((field) => wire[field] !== undefined).map((f) => [f, wire[f]]))
}
