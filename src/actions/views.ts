import type { ActionResult, ActionView } from '../contract/actions.ts'
import type { ActionOfEvent } from '../store/actions.ts'

/** An action as answers have it. */
export function viewOf(row: ActionOfEvent): ActionView {
  return {
    id: row.id,
    action: row.action,
    state: row.state,
    result: row.code as ActionResult | null,
    eventId: row.event_id,
    notificationId: row.notification_id,
    correlationId: row.correlation_id,
    eventType: row.event_type,
    priority: row.priority,
    by: row.actor_name ?? row.actor_id ?? row.relayed_by ?? row.via,
    via: row.via,
    verified: row.verified,
    reason: row.reason,
    note: row.note,
    tier: row.tier,
    quietUntil: row.quiet_until,
    data: row.result,
    events: row.state === 'done' ? row.event_ids.length : 0,
    requestedAt: row.requested_at,
    finishedAt: row.finished_at,
  }
}
