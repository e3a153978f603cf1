import type { EscalationEnd } from '../contract/escalations.ts'
import type { EscalationChange, LockedEscalation, StoredEscalation } from '../store/escalations.ts'
import { type NextStep, nextStep, opensAt, type Position, tierAt } from './next-step.ts'
import type { Calendars } from './plan.ts'

/** What to do about an escalation that is due. */
export type Decision =
  | { readonly kind: 'end'; readonly why: EscalationEnd }
  /** The next tier is due at another time than was thought. */
  | { readonly kind: 'hold'; readonly next: NextStep | undefined }
  | { readonly kind: 'call'; readonly step: NextStep }
  /** Of a digest: every open event that stands in it is acknowledged. */
  | { readonly kind: 'answered'; readonly at: Date }
  | { readonly kind: 'remind' }
  | { readonly kind: 'expire' }

/** Decides about a due escalation. The time of the next tier is computed again, because holidays may have been announced. */
export function decide(escalation: LockedEscalation, now: Date, calendars: Calendars): Decision {
  if (escalation.event === undefined) return { kind: 'end', why: 'removed' }
  if (escalation.closed) return { kind: 'end', why: 'resolved' }
  // By a process that did not end the escalation: one of another version, or SQL.
  if (escalation.discarded) return { kind: 'end', why: 'discarded' }
  if (escalation.state === 'acknowledged') {
    const isOver = escalation.ackExpiresAt === null || escalation.ackExpiresAt <= now
    return { kind: isOver ? 'expire' : 'remind' }
  }
  // A digest that was acknowledged itself climbs where somebody has called a tier since, as any event does.
  const { membersAcknowledgedAt: at, acknowledged } = escalation
  if (at !== null && !acknowledged) return { kind: 'answered', at }
  const step = nextStep(escalation.plan, escalation, calendars)
  if (step === undefined || step.at > now) return { kind: 'hold', next: step }
  const opens = step.tier === 1 ? undefined : opensAt(escalation.plan, now, calendars)
  if (opens !== undefined && opens.at > now) return { kind: 'hold', next: { ...step, ...opens } }
  return { kind: 'call', step: { ...step, tier: tierAt(escalation.plan, step, escalation.since, now, calendars) } }
}

/** An escalation that climbs from a position. Its times of an acknowledgement are cleared. */
export function climbingFrom(
  { plan, eventId }: Pick<StoredEscalation, 'plan' | 'eventId'>,
  position: Position,
  calendars: Calendars,
): EscalationChange {
  const next = nextStep(plan, position, calendars)
  return {
    eventId,
    state: 'climbing',
    reason: null,
    tier: position.tier,
    round: position.round,
    since: position.since,
    nextAt: next?.at ?? null,
    heldBy: next?.heldBy ?? null,
    ackExpiresAt: null,
    remindedAt: null,
    endedAt: null,
  }
}

/**
 * An escalation that goes on after an acknowledgement or a discard: the wait for its next tier begins again. One that had called
 * every tier begins with the event's own channels again.
 */
export function goingOn(escalation: StoredEscalation, now: Date, calendars: Calendars): EscalationChange {
  const { tier, round } = escalation
  const on = climbingFrom(escalation, { tier, round, since: now }, calendars)
  return on.nextAt === null ? climbingFrom(escalation, { tier: 1, round: 0, since: now }, calendars) : on
}

/** An escalation that has ended. */
export function endedAs(escalation: StoredEscalation, why: EscalationEnd, now: Date): EscalationChange {
  return { ...escalation, state: 'ended', reason: why, nextAt: null, heldBy: null, endedAt: now }
}
