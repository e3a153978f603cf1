import type { EventTypeDefinition } from '../catalogue/catalogue.ts'
import type { AcceptedEvent } from '../contract/events.ts'
import { digestOf } from '../kernel/ids.ts'

/**
 * What an event of a storm has in common with others: its type, and the data fields that its type names. Readable
 * where there are none, so that whoever counts rows by it sees what they are.
 */
export function fingerprintOf(definition: EventTypeDefinition, event: AcceptedEvent): string {
  if (definition.fingerprint.length === 0) return definition.name
  return `${definition.name} ${hashOf(definition.fingerprint, event)}`
}

/**
 * What an event is about: the data fields that its type names, or, where it has none of them, the correlation id that its
 * caller gave. All that lack the fields would else be about the same. Undefined where neither says it: one that the gateway made up is another each time, and in one that had patient data taken
 * out, two patients may look alike.
 */
export function dedupKeyOf(
  definition: EventTypeDefinition,
  event: AcceptedEvent,
  givenCorrelationId: string | undefined,
): string | undefined {
  if (definition.dedup.some((field) => Object.hasOwn(event.data, field))) return hashOf(definition.dedup, event)
  return givenCorrelationId === event.correlationId ? digestOf(event.correlationId) : undefined
}

function hashOf(fields: readonly string[], event: AcceptedEvent): string {
  const values = fields.map((field) => (Object.hasOwn(event.data, field) ? event.data[field] : null))
  return digestOf(JSON.stringify(values))
}
