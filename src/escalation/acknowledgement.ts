import type { CalledEscalation } from '../store/change-escalations.ts'
import type { EscalationChange, LockedEscalation } from '../store/escalations.ts'
import type { ReadSilence } from '../store/silences.ts'
import type { EscalationOptions } from './options.ts'
import { notificationsFor, reach } from './reach.ts'

/** Milliseconds before the expiry of an acknowledgement at which its reminder is sent; a quarter of its time where that is less. */
const REMINDER_LEAD_MS = 15 * 60_000

/** An escalation that stands still, because its event was acknowledged. */
export function acknowledgedAt(
  escalation: LockedEscalation,
  now: Date,
  { ackTtl }: Pick<EscalationOptions, 'ackTtl'>,
): EscalationChange {
  const ttl = ackTtl[escalation.priority] * 1000
  const expiresAt = ttl === 0 ? null : new Date(now.getTime() + ttl)
  return {
    ...escalation,
    state: 'acknowledged',
    since: now,
    reason: null,
    nextAt: expiresAt && new Date(expiresAt.getTime() - Math.min(REMINDER_LEAD_MS, ttl / 4)),
    heldBy: null,
    ackExpiresAt: expiresAt,
    remindedAt: null,
    endedAt: null,
  }
}

/** The reminder before an acknowledgement expires, in the event's own channels. */
export function reminderOf(
  escalation: LockedEscalation,
  now: Date,
  silences: readonly ReadSilence[],
  options: EscalationOptions,
): CalledEscalation {
  const { ackExpiresAt, plan } = escalation
  const own = { channels: plan.own, mentions: [], pagers: [] }
  const { channels } = reach(own, escalation, silences, options)
  const note = { kind: 'reminder', expires_at: (ackExpiresAt ?? now).toISOString() } as const
  return {
    ...escalation,
    nextAt: ackExpiresAt,
    remindedAt: now,
    notifications: notificationsFor(channels, escalation.event?.language, note),
    pagers: [],
    unreached: [],
    byHand: false,
  }
}
