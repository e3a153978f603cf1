import type { Kysely } from 'kysely'
import type { EscalationNote } from '../contract/escalations.ts'
import { SILENCE_KINDS, type Silence } from '../contract/silences.ts'
import { type CalledEscalation, saveCalled, saveEscalations } from '../store/change-escalations.ts'
import type { EscalationChange, LockedEscalation } from '../store/escalations.ts'
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
  /** Where the escalation stands, where that has changed since it was locked: the tier before reached nobody. */
  readonly position?: EscalationChange
}

/** Longest time, in milliseconds, until a tier that a silence holds is looked at again: somebody may have ended the silence. */
const LONGEST_HOLD_MS = 5 * 60_000

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
 * Calls due tiers: writes their notifications and pager alerts, and wakes the channels. Of an escalation whose tier reaches nobody the
 * next tier is called at once. The wait before a repeat holds, so that a policy whose tiers are all muted does not begin again
 * without end. A silence holds a tier that reaches nobody else, until it is over; the record has when that began, and not each look
 * at it.
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
    const held = calls.filter(({ heldUntil }) => heldUntil !== undefined)
    const missed = calls.filter(({ isReached, heldUntil }) => !isReached && heldUntil === undefined)
    const holds = held.map(({ escalation, position = escalation, heldUntil = context.now, silence }) => ({
      isNew: position !== escalation || !isHeldBySilence(escalation) || escalation.heldBy !== silence?.kind,
      change: { ...position, nextAt: heldUntil, heldBy: silence?.kind ?? null },
    }))
    for (const kind of ['held', 'still_held'] as const)
      await saveEscalations(
        transaction,
        kind,
        holds.filter(({ isNew }) => isNew === (kind === 'held')).map(({ change }) => change),
      )
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
    for (const { escalation, called, heldUntil } of calls)
      if (heldUntil === undefined) last.set(escalation.eventId, { escalation, called })
    left = missed.flatMap(({ escalation, step, called, isLast }) =>
      isLast ? [] : [{ escalation, step: { tier: step.tier + 1, round: step.round }, position: called }],
    )
  }
  return [...last.values()]
}

/** True where the tier, or one after it, reaches somebody. */
export function reachesSomebody(
  { escalation, step }: DueTier,
  context: CallContext,
  options: EscalationOptions,
): boolean {
  const { isReached, isLast, heldUntil } = callOf({ escalation, step }, context, options)
  if (isReached || isLast || heldUntil !== undefined) return isReached
  return reachesSomebody({ escalation, step: { ...step, tier: step.tier + 1 } }, context, options)
}

function callOf({ escalation, step }: DueTier, { now, silences, byHand }: CallContext, options: EscalationOptions) {
  const { plan } = escalation
  const { calendars } = options.catalogue.escalation
  const target = targetOf(plan, step.tier, now, calendars)
  const { channels, pagers, unreached, silence } = reach(target, escalation, silences, options)
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
  const heldUntil = isReached || silence === undefined ? undefined : endOf(silence, now)
  return { called, isReached, isLast, silence, heldUntil }
}

/** True where a silence, or a maintenance window, holds the next tier; not a calendar of that name. */
export function isHeldBySilence({ heldBy, plan }: Pick<LockedEscalation, 'heldBy' | 'plan'>): boolean {
  return heldBy !== null && heldBy !== plan.calendar && SILENCE_KINDS.some((kind) => kind === heldBy)
}

/** When a tier that a silence holds is looked at again. One that recurs says only when it is over for the first time. */
function endOf({ endsAt }: Silence, now: Date): Date {
  const latest = new Date(now.getTime() + LONGEST_HOLD_MS)
  return endsAt > now && endsAt < latest ? endsAt : latest
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
