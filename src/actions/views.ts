import type { ShownAction } from '../cards/acted-card.ts'
import type { ActionResult, ActionView } from '../contract/actions.ts'
import type { ActionOfEvent } from '../store/actions.ts'
import { isUnverified, nameOf } from './acted-columns.ts'

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

/** What a card says of the done actions on its event, the newest first: the last one, and the acknowledgement that still stands. */
export function shownActions(newest: readonly ActionOfEvent[], isAcknowledged: boolean): readonly ShownAction[] {
  const done = newest.filter(({ action }) => action !== 'replay')
  const acknowledgement = isAcknowledged ? done.find(({ action }) => action === 'acknowledge') : undefined
  return [...new Set([done[0], acknowledgement])].flatMap((row) => {
    if (row === undefined) return []
    const { via, actor_id: id, actor_name: name, relayed_by: relayedBy, verified } = row
    const actor = { via, id, name, relayedBy, verified, roles: [] }
    return [
      {
        action: row.action,
        by: nameOf(actor),
        unverified: isUnverified(actor),
        at: row.finished_at ?? row.requested_at,
      },
    ]
  })
}
