import { findEventType, findGroup, groupNames } from '../catalogue/catalogue.ts'
import type { ConfigInput } from '../catalogue/config-input.ts'
import { catalogueOf } from '../catalogue/load.ts'
import { PRIORITIES, type Priority, parsePriority } from '../catalogue/priority.ts'
import { routeEvent } from '../catalogue/route.ts'
import { UNREACHED } from '../contract/escalations.ts'
import { plannedStep, targetOf, tierCount } from '../escalation/next-step.ts'
import { planFor, policyFor } from '../escalation/plan.ts'
import { GatewayError, type Problem } from '../kernel/errors.ts'
import { nearestName } from '../kernel/nearest.ts'
import { escalationIsOn } from '../settings/escalation-settings.ts'
import type { Settings } from '../settings/table.ts'

/** One step of a timetable. */
export interface ExplainedStep {
  readonly at: Date
  readonly tier: number
  readonly round: number
  readonly channels: readonly string[]
  readonly pagers: readonly string[]
  /** Names of the people who are mentioned. */
  readonly mentions: readonly string[]
  /** The calendar whose hours make the wait longer; null where it is as long as the policy says. */
  readonly heldBy: string | null
  /** What would keep a channel from being called, by its key. Silences and missing webhook URLs are not looked at. */
  readonly unreached: readonly string[]
}

/** A policy played against a clock. */
export interface ExplainedEscalation {
  /** False where TEAMS_ESCALATION keeps every event from climbing. */
  readonly on: boolean
  /** Name of the event's policy; null where none is for it. */
  readonly policy: string | null
  readonly eventType: string
  readonly priority: Priority
  readonly tiers: number
  /** Empty where the event does not climb; the first step are its own channels. */
  readonly steps: readonly ExplainedStep[]
}

/** Steps of a timetable at most: a policy may repeat a hundred times. */
const MAX_STEPS = 200

/**
 * Plays the policy of an event against a clock, as if nobody acknowledged it.
 *
 * @throws GatewayError `invalid_request` for an event type, a priority or a group that there is not
 */
export function explainEscalation(
  settings: Settings,
  event: {
    readonly eventType: string
    readonly priority?: string | undefined
    readonly stakeholders?: readonly string[] | undefined
    readonly at: Date
  },
  config?: ConfigInput,
): ExplainedEscalation {
  const catalogue = catalogueOf(settings, config)
  const problems: Problem[] = []
  const type = findEventType(catalogue, event.eventType)
  if (type === undefined) problems.push(unknownName('event_type', event.eventType, [...catalogue.eventTypes.keys()]))
  const given = event.priority === undefined ? undefined : parsePriority(event.priority)
  if (event.priority !== undefined && given === undefined)
    problems.push({ at: 'priority', found: 'another text', expected: `one of: ${PRIORITIES.join(', ')}` })
  const stakeholders = (event.stakeholders ?? type?.stakeholders ?? []).flatMap((name) => {
    const group = findGroup(catalogue, name)
    if (group === undefined) problems.push(unknownName('stakeholders', name, groupNames(catalogue)))
    return group?.key ?? []
  })
  if (type === undefined || problems.length > 0) throw new GatewayError('invalid_request', problems)
  const priority = given ?? type.priority
  const routed = { eventType: type.name, priority, stakeholders }
  const own = routeEvent(catalogue, routed).filter((key) => catalogue.channels.get(key)?.muted === false)
  const { calendars } = catalogue.escalation
  const plan = own.length === 0 ? undefined : planFor(catalogue.escalation, routed, own)
  const steps: ExplainedStep[] = []
  let position = { tier: 1, round: 0, since: event.at }
  let heldBy: string | undefined
  while (plan !== undefined && steps.length < MAX_STEPS) {
    const target = targetOf(plan, position.tier, position.since, calendars)
    steps.push({
      at: position.since,
      tier: position.tier,
      round: position.round,
      channels: target?.channels ?? [],
      pagers: target?.pagers ?? [],
      mentions: (target?.mentions ?? []).map(({ name }) => name),
      heldBy: heldBy ?? null,
      unreached: (target?.channels ?? [])
        .filter((key) => catalogue.channels.get(key)?.muted === true)
        .map((key) => `${key}: ${UNREACHED.muted}`),
    })
    const next = plannedStep(plan, position, calendars)
    if (next === undefined) break
    position = { tier: next.tier, round: next.round, since: next.at }
    heldBy = next.heldBy
  }
  return {
    on: escalationIsOn(settings),
    policy: policyFor(catalogue.escalation, routed)?.name ?? null,
    eventType: type.name,
    priority,
    tiers: plan === undefined ? 0 : tierCount(plan, event.at, calendars),
    steps,
  }
}

function unknownName(at: string, given: string, names: readonly string[]): Problem {
  const near = nearestName(names, given)
  return {
    at,
    found: 'a name that there is not',
    expected: near === undefined ? 'a name of the catalogue' : `a name of the catalogue, perhaps ${near}`,
  }
}
