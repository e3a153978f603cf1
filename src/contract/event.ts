import type { EventType, EventTypes } from '../catalogue/event-types.ts'
import type { Language } from '../catalogue/language.ts'
import type { Priority } from '../catalogue/priority.ts'
import type { StakeholderName } from '../catalogue/stakeholder-groups.ts'
import type { JsonObject } from '../kernel/json.ts'

/** An event as a caller writes it, its data checked against its type. */
export type EventInput<T extends EventType = EventType> = T extends EventType
  ? {
      /** The type; a literal, so that `data` is checked against it. */
      readonly eventType: T
      /** What happened; the fields are those of the type's card. */
      readonly data: EventTypes[T]
      /** Ties together all that concerns one thing; made if absent. Of more than 200 characters the start and a digest are kept. */
      readonly correlationId?: string
      /** Groups to tell, by key or display name; the catalogue's if absent. */
      readonly stakeholders?: readonly (StakeholderName | (string & {}))[]
      /** In any letter case; the catalogue's if absent. */
      readonly priority?: Priority | Lowercase<Priority>
      /** When it happened; now if absent. */
      readonly occurredAt?: Date | string
      /** The same key within TEAMS_EVENT_TTL gets the first answer again and makes no second card. */
      readonly idempotencyKey?: string
      /** Language of its cards; the channel's if absent. */
      readonly language?: Language
    }
  : never

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
