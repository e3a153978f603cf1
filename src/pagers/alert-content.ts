import type { EventTypeDefinition } from '../catalogue/catalogue.ts'
import type { PagerDefinition } from '../catalogue/pagers.ts'
import type { Priority } from '../catalogue/priority.ts'
import type { PatientDataGuard } from '../intake/patient-data/patient-data.ts'
import { cleanText } from '../kernel/characters.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { ClaimedPagerAlert } from '../store/claim-pager-alerts.ts'

/** What a service is told about an event, before the limits of the service. It has no patient data. */
export interface AlertContent {
  /** One open alert for an event, not for a card: both services join requests with one key. */
  readonly key: string
  readonly summary: string
  readonly priority: Priority
  readonly eventType: string
  readonly occurredAt: Date
  /** Texts by name, in the order in which they are shown. */
  readonly details: Readonly<Record<string, string>>
}

/**
 * The key of an event's alert, `dedup_key` of PagerDuty and `alias` of Opsgenie.
 *
 * @param generation 1 for the first alert of the event
 */
export function alertKey(eventId: string, generation = 1): string {
  return generation === 1 ? `claimlinc:${eventId}` : `claimlinc:${eventId}:${generation}`
}

/** The event and the generation of an alert; undefined for the key of another program. */
export function readAlertKey(key: unknown): { readonly eventId: string; readonly generation: number } | undefined {
  const [, eventId, generation = '1'] = typeof key === 'string' ? (ALERT_KEY.exec(key) ?? []) : []
  return eventId === undefined ? undefined : { eventId, generation: Number(generation) }
}

const ALERT_KEY =
  /^claimlinc:([0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})(?::([1-9][0-9]{0,8}))?$/

/** Longest text of one detail, in code points. */
const LONGEST_DETAIL = 1_000

/** Options of {@link createAlertContent}. */
export interface AlertContentOptions {
  readonly eventTypes: ReadonlyMap<string, EventTypeDefinition>
  /** Title of an event type; the type's name where it has none without data. */
  readonly titleOf: (eventType: string) => string
  /** With the policy `mask`, whatever TEAMS_PHI_POLICY is: the record may show patient data, a service of others may not. */
  readonly guard: PatientDataGuard
}

/**
 * Makes the contents of alerts from events. A content has the event's type, priority, groups and ids, and of its data only the fields that the pager
 * names, as far as no event type marks them as patient data. What is left passes the guard: a text may quote an identifier.
 */
export function createAlertContent({ eventTypes, titleOf, guard }: AlertContentOptions) {
  return (
    pagerAlert: Pick<ClaimedPagerAlert, 'event' | 'folded'> & Partial<Pick<ClaimedPagerAlert, 'generation'>>,
    pager: Pick<PagerDefinition, 'fields'>,
  ): AlertContent => {
    const { event, folded } = pagerAlert
    const definition = eventTypes.get(event.type)
    const data = guarded(event, pager.fields, definition)
    const more = folded === 0 ? '' : ` (and ${folded} more like it)`
    return {
      key: alertKey(event.id, pagerAlert.generation),
      summary: `[${event.priority}] ${cleanText(titleOf(event.type))}${more}`,
      priority: event.priority,
      eventType: event.type,
      occurredAt: event.occurredAt,
      details: {
        event_type: event.type,
        priority: event.priority,
        stakeholders: event.stakeholders.join(', '),
        event_id: event.id,
        ...(data.correlationId === undefined ? {} : { correlation_id: data.correlationId }),
        ...(folded === 0 ? {} : { folded: String(folded) }),
        ...Object.fromEntries(
          Object.entries(data.fields).map(([name, value]) => [
            name,
            cutCodePoints(cleanText(typeof value === 'string' ? value : JSON.stringify(value)), LONGEST_DETAIL),
          ]),
        ),
      },
    }
  }

  function guarded(
    { data, correlationId }: ClaimedPagerAlert['event'],
    names: readonly string[],
    definition: EventTypeDefinition | undefined,
  ): { readonly fields: JsonObject; readonly correlationId: string | undefined } {
    // A type that was removed from the configuration has no schema that says which fields are patient data.
    if (definition === undefined) return { fields: {}, correlationId: undefined }
    // The whole data are searched, so that an identifier that one field names is found in the texts of the others.
    const safe = guard({ definition, data, given: data, correlationId })
    const fields = names.filter((name) => Object.hasOwn(safe.data, name) && !definition.phiFields.has(name))
    return {
      fields: Object.fromEntries(fields.map((name) => [name, safe.data[name] ?? null])),
      correlationId: safe.correlationId,
    }
  }
}

/** The start of a text and `…`, together at most `most` code points, as both services count. */
export function cutCodePoints(text: string, most: number): string {
  if (text.length <= most) return text
  const points = [...text]
  return points.length <= most ? text : `${points.slice(0, most - 1).join('')}…`
}
