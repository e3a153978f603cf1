import type { Priority } from '../catalogue/priority.ts'
import { isObject, type JsonObject } from '../kernel/json.ts'
import type { ActedNotification } from '../store/acted-events.ts'

/** For how long an acknowledgement lives, in seconds, 0 for one that never expires, by the priority of its event. */
export interface AcknowledgementLives {
  readonly CRITICAL: number
  readonly HIGH: number
  /** That of LOW and INFO, too. */
  readonly MEDIUM: number
}

/** What is known of an event when an action on it is decided. */
export interface EventState {
  readonly id: string
  readonly createdAt: Date
  readonly correlationId: string
  readonly eventType: string
  readonly priority: Priority
  readonly stakeholders: readonly string[]
  readonly notifications: readonly ActedNotification[]
  /** True where each of its notifications repeats another. */
  readonly repeat: boolean
  readonly resolved: boolean
  /** The acknowledgement that has not expired; `until` is null for one that never does. */
  readonly acknowledged: { readonly by: string; readonly at: Date; readonly until: Date | null } | null
  /**
   * True where its escalation waits for an acknowledgement, whether there is one or not: somebody escalated it since, or the
   * acknowledgement is about to expire.
   */
  readonly calling: boolean
  readonly discarded: { readonly by: string; readonly at: Date; readonly quietUntil: Date | null } | null
  /** The last action, with what the notifications have of it. */
  readonly last: { readonly action: string; readonly data: JsonObject } | null
}

/** When an acknowledgement expires; null for one that never does, as with 0 seconds. */
export function expiryOf(priority: Priority, acknowledgedAt: Date, lives: AcknowledgementLives): Date | null {
  const seconds = priority === 'CRITICAL' || priority === 'HIGH' ? lives[priority] : lives.MEDIUM
  if (seconds === 0) return null
  return new Date(acknowledgedAt.getTime() + seconds * 1_000)
}

/** The states of events, from their notifications, in the order of the events' ids. */
export function statesOf(
  notifications: readonly ActedNotification[],
  lives: AcknowledgementLives,
  now: Date,
): readonly EventState[] {
  return [...Map.groupBy(notifications, ({ event_id }) => event_id)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, rows]) => {
      const [first] = rows
      return first ? [stateOf(first, rows, lives, now)] : []
    })
}

function stateOf(
  first: ActedNotification,
  rows: readonly ActedNotification[],
  lives: AcknowledgementLives,
  now: Date,
): EventState {
  // An action is done to all rows of an event, but a card of a later tier is younger than the actions before it.
  const acted = rows
    .filter((row) => row.action_taken !== null && row.action_data !== null)
    .sort((a, b) => timeIn(b.action_data).localeCompare(timeIn(a.action_data)))
  const [latest] = acted
  const discard = acted.find((row) => row.action_taken === 'discard')
  const acknowledged = rows.find((row) => row.acknowledged_at !== null)
  const acknowledgedAt = acknowledged?.acknowledged_at ?? null
  const until = acknowledgedAt && expiryOf(first.priority, acknowledgedAt, lives)
  return {
    id: first.event_id,
    createdAt: first.created_at,
    correlationId: first.correlation_id,
    eventType: first.event_type,
    priority: first.priority,
    stakeholders: first.stakeholders,
    notifications: rows,
    repeat: rows.every((row) => row.repeat_of !== null),
    resolved: rows.some((row) => row.resolved),
    acknowledged:
      acknowledgedAt !== null && (until === null || until > now)
        ? { by: acknowledged?.acknowledged_by ?? '', at: acknowledgedAt, until }
        : null,
    calling: rows.some((row) => row.calling),
    discarded: discard
      ? {
          by: textIn(discard.action_data, 'by'),
          at: new Date(timeIn(discard.action_data)),
          quietUntil: discard.quiet_until,
        }
      : null,
    last: latest ? { action: latest.action_taken ?? '', data: latest.action_data ?? {} } : null,
  }
}

function timeIn(data: JsonObject | null): string {
  return textIn(data, 'at')
}

function textIn(data: JsonObject | null, name: string): string {
  const value = isObject(data) ? data[name] : undefined
  return typeof value === 'string' ? value : ''
}
