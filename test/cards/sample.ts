import type { CardData } from '../../src/catalogue/card-data.ts'
import type { EVENT_TYPES } from '../../src/catalogue/event-types.ts'

/** Names of the built-in types, without the older ones. Users' own, which EventTypes may have too, have no sample. */
export type Canonical = keyof typeof EVENT_TYPES

/** An event as it is after it was accepted: patient data masked. */
export interface Sample<T extends Canonical> {
  readonly correlationId: string
  readonly occurredAt: string
  readonly data: CardData<(typeof EVENT_TYPES)[T]['card']>
}
