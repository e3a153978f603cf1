import { CARD_DATA } from '../../src/catalogue/card-data.ts'
import { EVENT_TYPES } from '../../src/catalogue/event-types.ts'
import { STAKEHOLDER_GROUPS } from '../../src/catalogue/stakeholder-groups.ts'
import { EVENT_FIELDS } from '../../src/contract/events.ts'
import type { Json, JsonObject } from '../../src/kernel/json.ts'
import { SAMPLES } from '../../test/cards/samples.ts'

type Type = keyof typeof EVENT_TYPES

/** Names of the built-in event types. */
export const TYPES = Object.keys(EVENT_TYPES) as Type[]
/** Those that callers may send; the rest the gateway writes itself. */
export const SENT_TYPES = TYPES.filter((type) => !type.startsWith('gateway.'))

/** Words that mean something to the gateway: fields, types, groups, attributes. */
export const WORDS: readonly string[] = [
  ...EVENT_FIELDS,
  ...Object.values(CARD_DATA).flatMap((schema) => Object.keys(schema.shape)),
  ...TYPES,
  'nphies.jwt.error',
  ...Object.entries(STAKEHOLDER_GROUPS).flatMap(([key, group]) => [key, ...group.names]),
  ...['CRITICAL', 'high', ' Medium ', 'low', 'INFO', 'en', 'ar', 'patientId', 'PATIENT_IDS', 'member-id', 'eventType'],
  ...['national_id', 'iqama', 'passport_no', 'mrn', 'رقم الهوية', 'labels'],
  ...['amount', 'description', 'field', 'message', 'name', 'value'],
]

/** An event of each card's first type, as it is sent. */
export function sampleEvents(): JsonObject[] {
  const cards = new Set<string>()
  return SENT_TYPES.flatMap((type): JsonObject[] => {
    const { card } = EVENT_TYPES[type]
    if (cards.has(card)) return []
    cards.add(card)
    const { correlationId, occurredAt, data } = SAMPLES[type]
    const event = {
      event_type: type,
      correlation_id: correlationId,
      occurred_at: occurredAt,
      priority: 'high',
      language: 'ar',
    }
    return [
      { ...event, stakeholders: ['SRE', 'pmo'], idempotency_key: `key-${type}`, data: withPatients(data as Json) },
    ]
  })
}

/** Marked values in the place of the samples' masked ones. */
function withPatients(data: Json): Json {
  return Object.fromEntries(
    Object.entries(data as JsonObject).map(([name, value]) => [
      name,
      /^(?:patient|member)_id$/.test(name) ? 'ZX123456789' : value,
    ]),
  )
}
