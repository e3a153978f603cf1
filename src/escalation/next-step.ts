import { type Tier, WORKING_WEEK } from '../catalogue/escalation.ts'
import type { Plan } from '../contract/escalations.ts'
import type { Calendars } from './plan.ts'
import { addWorkingTime, isOpen, nextWorkingDay, type WorkingTime } from './working-time.ts'

/** Where an escalation stands. */
export interface Position {
  /** The tier that was called last, from 1: the event's own channels. */
  readonly tier: number
  /** How often the policy has begun again. */
  readonly round: number
  /** When that tier was called, or the wait began again. */
  readonly since: Date
}

/** The step after a position. */
export interface NextStep {
  readonly tier: number
  readonly round: number
  readonly at: Date
  /** Name of the calendar that makes the wait longer; undefined where it is as long as the policy says. */
  readonly heldBy: string | undefined
}

/** Whom a tier calls. */
export type Target = Omit<Tier, 'after'>

/** The step that follows a position, and when; undefined after the last tier of the last round. */
export function nextStep(plan: Plan, position: Position, calendars: Calendars): NextStep | undefined {
  const { tier, round } = position
  const opens = opensAt(plan, position.since, calendars)
  // Where nobody is called outside working hours, a wait that begins there begins with them.
  const since = opens !== undefined && opens.at > position.since ? opens.at : position.since
  const due = (after: Tier['after']) => {
    const { at, heldBy } = dueAt(plan, after, since, calendars)
    return { at, heldBy: since > position.since ? opens?.heldBy : heldBy }
  }
  const next = tiersAt(plan, since, calendars)[tier - 1]
  if (next !== undefined) return { tier: tier + 1, round, ...due(next.after) }
  if (round >= plan.repeat.times) return undefined
  return { tier: 1, round: round + 1, ...due(plan.repeat.after) }
}

/** The step that follows as it will be called, if neither the configuration nor the event changes. */
export function plannedStep(plan: Plan, position: Position, calendars: Calendars): NextStep | undefined {
  const step = nextStep(plan, position, calendars)
  if (step === undefined || step.tier === 1) return step
  const opens = opensAt(plan, step.at, calendars)
  const isHeld = opens !== undefined && opens.at > step.at
  const at = isHeld ? opens.at : step.at
  const heldBy = isHeld ? opens.heldBy : step.heldBy
  return { ...step, at, heldBy, tier: tierAt(plan, step, position.since, at, calendars) }
}

/** Whom a tier calls at a moment; undefined where the tiers that hold then are fewer. */
export function targetOf(plan: Plan, tier: number, at: Date, calendars: Calendars): Target | undefined {
  if (tier === 1) return { channels: plan.own, mentions: [], pagers: [] }
  return tiersAt(plan, at, calendars)[tier - 2]
}

/** The number of a plan's tiers at a moment, with the event's own channels. */
export function tierCount(plan: Plan, at: Date, calendars: Calendars): number {
  return tiersAt(plan, at, calendars).length + 1
}

/**
 * The tier of a step at the moment at which it is called. Working hours may have begun or ended during its wait, and the tiers that
 * hold now may be fewer: then it is the first of these, so that a climb does not end because a shift did.
 */
export function tierAt(plan: Plan, step: Pick<NextStep, 'tier'>, since: Date, now: Date, calendars: Calendars): number {
  const tiers = tiersAt(plan, now, calendars)
  const isBeyond = step.tier > tiers.length + 1 && tiers.length > 0
  return isBeyond && tiers !== tiersAt(plan, since, calendars) ? FIRST_TIER : step.tier
}

/** When working hours begin, where nobody is called outside them; undefined where somebody can be called at this moment. */
export function opensAt(plan: Plan, now: Date, calendars: Calendars): Pick<NextStep, 'at' | 'heldBy'> | undefined {
  const time = workingTime(plan, calendars)
  if (time === undefined || tiersAt(plan, now, calendars).length > 0) return undefined
  return { at: addWorkingTime(time, now, 0), heldBy: time.calendar.name }
}

/** The first tier that a policy names; before it are the event's own channels. */
const FIRST_TIER = 2

/** The tiers that hold at a moment: outside working hours those of another policy, where the plan names one. */
function tiersAt(plan: Plan, at: Date, calendars: Calendars): readonly Tier[] {
  if (typeof plan.outside === 'string') return plan.tiers
  const time = workingTime(plan, calendars)
  return time === undefined || isOpen(time, at) ? plan.tiers : plan.outside.tiers
}

function dueAt(plan: Plan, after: Tier['after'], since: Date, calendars: Calendars): Pick<NextStep, 'at' | 'heldBy'> {
  const time = workingTime(plan, calendars)
  if (after === 'next_working_day') {
    const days = time ?? workingTime({ calendar: WORKING_WEEK }, calendars)
    const at = days ? nextWorkingDay(days, since) : new Date(since.getTime() + 86_400_000)
    return { at, heldBy: days?.calendar.name }
  }
  const plain = new Date(since.getTime() + after * 1000)
  if (time === undefined || plan.outside !== 'hold') return { at: plain, heldBy: undefined }
  const at = addWorkingTime(time, since, after * 1000)
  return { at, heldBy: at > plain ? time.calendar.name : undefined }
}

/** The working time of a plan; undefined where it names no calendar, or one that the configuration has no more. */
function workingTime({ calendar }: Pick<Plan, 'calendar'>, calendars: Calendars): WorkingTime | undefined {
  const found = calendar === null ? undefined : calendars.get(calendar)
  return found && { calendar: found, others: calendars }
}
