import type { Kysely } from 'kysely'
import type { EscalationNote } from '../contract/escalations.ts'
import { type CalledEscalation, saveCalled } from '../store/change-escalations.ts'
import type { LockedEscalation } from '../store/escalations.ts'
import type { ReadSilence } from '../store/silences.ts'
import type { Tables } from '../store/tables.ts'
import { climbingFrom } from './decide.ts'
import { type NextStep, targetOf, tierCount } from './next-step.ts'
import type { EscalationOptions } from './options.ts'
import { notificationsFor, reach } from './reach.ts'

/** A tier that is due. */
export interface DueTier {
  readonly escalation: LockedEscalation
  readonly step: Pick<NextStep, 'tier' | 'round'>
}

/** How tiers are called. */
export interface CallContext {
  readonly now: Date
  readonly silences: readonly ReadSilence[]
  /** True where a person asked for it. */
  readonly byHand: boolean
}

/** A tier that was called, and the escalation after it. */
export interface CalledTier {
  readonly escalation: LockedEscalation
  readonly called: CalledEscalation
}

/**
 * Calls due tiers: writes their notifications and pages, and wakes the channels. Of an escalation whose tier reaches nobody the
 * next tier is called at once. The wait before a repeat holds, so that a policy whose tiers are all muted does not begin again
 * without end.
 *
 * @returns the last tier that was called of each escalation
 */
export async function callTiers(
  transaction: Kysely<Tables>,
  due: readonly DueTier[],
  context: CallContext,
  options: EscalationOptions,
): Promise<readonly CalledTier[]> {
  const last = new Map<string, CalledTier>()
  let left = due
  while (left.length > 0) {
    const calls = left.map((tier) => ({ ...tier, ...callOf(tier, context, options) }))
    const reached = calls.filter(({ isReached }) => isReached).map(({ called }) => called)
    const missed = calls.filter(({ isReached }) => !isReached)
    await saveCalled(transaction, 'called', reached)
    await saveCalled(
      transaction,
      'reached_nobody',
      missed.map(({ called }) => called),
    )
    await options.callPagers(
      transaction,
      reached.filter(({ pagers }) => pagers.length > 0),
    )
    await wakeChannels(transaction, reached, options)
    for (const { escalation, called } of calls) last.set(escalation.eventId, { escalation, called })
    left = missed.flatMap(({ escalation, step, isLast }) =>
      isLast ? [] : [{ escalation, step: { tier: step.tier + 1, round: step.round } }],
    )
  }
  return [...last.values()]
}

function callOf({ escalation, step }: DueTier, { now, silences, byHand }: CallContext, options: EscalationOptions) {
  const { plan } = escalation
  const { calendars } = options.catalogue.escalation
  const target = targetOf(plan, step.tier, now, calendars)
  const { channels, pagers, unreached } = reach(target, escalation, silences, options)
  const note: EscalationNote = {
    kind: 'tier',
    tier: step.tier,
    of: tierCount(plan, now, calendars),
    minutes: Math.max(0, Math.round((now.getTime() - escalation.receivedAt.getTime()) / 60_000)),
    by_hand: byHand,
    mentions: target?.mentions ?? [],
  }
  const isReached = channels.length + pagers.length > 0
  const isLast = step.tier >= note.of
  const called: CalledEscalation = {
    ...climbingFrom(escalation, { ...step, since: now }, calendars),
    ...(isReached || isLast ? {} : { nextAt: now, heldBy: null }),
    eventCreatedAt: escalation.eventCreatedAt,
    fingerprint: escalation.fingerprint,
    notifications: notificationsFor(channels, escalation.event?.language, note),
    pagers,
    unreached,
    byHand,
  }
  return { called, isReached, isLast }
}

/** Wakes the channels of new notifications. */
export async function wakeChannels(
  transaction: Kysely<Tables>,
  called: readonly CalledEscalation[],
  { wake }: Pick<EscalationOptions, 'wake'>,
): Promise<void> {
  const channels = new Set(called.flatMap(({ notifications }) => notifications.map(({ channel }) => channel)))
  await wake(transaction, [...channels])
}
