import type { AcceptedEvent } from '../contract/events.ts'
import { correlationIdFor, newId } from '../kernel/ids.ts'
import type { CheckedEvent } from './check-event.ts'
import type { Protected } from './patient-data/patient-data.ts'

/**
 * Makes an accepted event: adds an id, and a correlation id and a time where the caller gave none. `stored` is the part
 * of the event that remains after the policy for patient data and the size limits.
 */
export function acceptedEvent(
  checked: Pick<CheckedEvent, 'definition' | 'priority' | 'stakeholders' | 'occurredAt' | 'language'>,
  stored: Pick<Protected, 'data' | 'correlationId'>,
  now: Date,
): AcceptedEvent {
  const id = newId()
  return {
    id,
    eventType: checked.definition.name,
    correlationId: stored.correlationId ?? correlationIdFor(id),
    priority: checked.priority,
    stakeholders: checked.stakeholders,
    data: stored.data,
    occurredAt: checked.occurredAt ?? now,
    acceptedAt: now,
    language: checked.language,
  }
}
