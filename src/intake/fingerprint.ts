import type { EventTypeDefinition } from '../catalogue/catalogue.ts'
import type { AcceptedEvent } from '../contract/events.ts'
import { digestOf } from '../kernel/ids.ts'

/**
 * The fingerprint that groups events in digests: the type, and a hash of the data fields that the type names. Without such
 * fields it is the type's name, readable in SQL queries.
 */
export function fingerprintOf(definition: EventTypeDefinition, event: AcceptedEvent): string {
  if (definition.fingerprint.length === 0) return definition.name
  return `${definition.name} ${hashOf(definition.fingerprint, event)}`
}

/**
 * A hash of the event's subject, which repeats and resolutions share: of the data fields that the type names, or, for an
 * event without any of them, of the caller's correlation id. Otherwise all events without the fields would have the same
 * subject.
 *
 * Undefined without both. A generated correlation id is different for each event, and one with masked patient data may be
 * the same for two patients.
 *
 * A source's subjects are its own: its origin is hashed too, so that no caller's event repeats or resolves its events. Its correlation
 * ids count as given: they are made from names of slots and hosts, which may look like a patient's number and be masked.
 *
 * @param source origin of a source's event; undefined for a caller's
 */
export function dedupKeyOf(
  definition: EventTypeDefinition,
  event: AcceptedEvent,
  givenCorrelationId: string | undefined,
  source?: string,
): string | undefined {
  if (definition.dedup.some((field) => Object.hasOwn(event.data, field))) return hashOf(definition.dedup, event, source)
  if (source !== undefined)
    return givenCorrelationId === undefined ? undefined : digestOf(`${source}\n${givenCorrelationId}`)
  return givenCorrelationId === event.correlationId ? digestOf(event.correlationId) : undefined
}

function hashOf(fields: readonly string[], event: AcceptedEvent, source?: string): string {
  const values = fields.map((field) => (Object.hasOwn(event.data, field) ? event.data[field] : null))
  // A correlation id has no line break, and JSON begins with a bracket: no caller's text gives this hash.
  return digestOf(source === undefined ? JSON.stringify(values) : `${source}\n${JSON.stringify(values)}`)
}
