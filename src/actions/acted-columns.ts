import type { ActionName, Actor } from '../contract/actions.ts'
import type { Json, JsonObject } from '../kernel/json.ts'
import type { ActedColumns, ActedNotification } from '../store/acted-events.ts'
import type { EventState } from './event-state.ts'

/** Names of earlier actions that `action_data` has at most; all are in `teams_actions`. */
const MAX_AFTER = 20

/** An action as notifications have it. */
export interface ActionDone {
  readonly id: string
  readonly action: ActionName
  readonly actor: Actor
  readonly at: Date
  readonly reason: string | null
  readonly note: string | null
  readonly tier: number | null
  readonly quietUntil: Date | null
}

/** The name under which the record has an actor. */
export function nameOf({ name, id, relayedBy, via }: Actor): string {
  return name ?? id ?? relayedBy ?? via
}

/** True for a person for whom nobody vouches; programs and the command line are no persons. */
export function isUnverified({ verified, via, id }: Actor): boolean {
  return !verified && (via === 'typed' || (via === 'unauthenticated' && id !== null))
}

/**
 * A notification with what was done to its event before: the card of a later tier is younger than that, and its columns are to be
 * those of the event's other notifications.
 */
export function withActed(notification: ActedNotification, { acknowledged, last }: EventState): ActedNotification {
  if (notification.action_taken !== null || last === null) return notification
  return {
    ...notification,
    acknowledged_by: acknowledged?.by ?? null,
    acknowledged_at: acknowledged?.at ?? null,
    action_taken: last.action,
    action_data: last.data,
  }
}

/** What a notification has after an action that was done to its event. */
export function columnsAfter(notification: ActedNotification, done: ActionDone): ActedColumns {
  const by = nameOf(done.actor)
  const isAcknowledged = done.action === 'acknowledge'
  const isFreed = done.action === 'unacknowledge'
  return {
    id: notification.id,
    createdAt: notification.created_at,
    acknowledgedBy: isAcknowledged ? by : isFreed ? null : notification.acknowledged_by,
    acknowledgedAt: isAcknowledged ? done.at : isFreed ? null : notification.acknowledged_at,
    quietUntil: done.action === 'discard' ? done.quietUntil : null,
    data: dataOf(notification, done, by),
  }
}

function dataOf({ action_taken, action_data }: ActedNotification, done: ActionDone, by: string): JsonObject {
  const before: readonly Json[] = Array.isArray(action_data?.after) ? action_data.after : []
  const after = [...before, ...(action_taken === null ? [] : [action_taken])].slice(-MAX_AFTER)
  return {
    action_id: done.id,
    by,
    verified: done.actor.verified,
    at: done.at.toISOString(),
    ...(done.reason === null ? {} : { reason: done.reason }),
    ...(done.note === null ? {} : { note: done.note }),
    ...(done.tier === null ? {} : { tier: done.tier }),
    ...(done.quietUntil === null ? {} : { quiet_until: done.quietUntil.toISOString() }),
    after,
  }
}
