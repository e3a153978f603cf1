import type { Calendar, Escalation, Policy, Tier } from '../catalogue/escalation.ts'
import { matchesType, type RoutedEvent } from '../catalogue/route.ts'
import type { Plan } from '../contract/escalations.ts'

/** The first policy that an event matches; undefined where none is for it. */
export function policyFor({ policies }: Escalation, event: RoutedEvent): Policy | undefined {
  for (const policy of policies.values())
    if (
      policy.for.some(
        ({ eventType, priorities, stakeholder }) =>
          (eventType === undefined || matchesType(eventType, event.eventType)) &&
          (priorities === undefined || priorities.includes(event.priority)) &&
          (stakeholder === undefined || event.stakeholders.includes(stakeholder)),
      )
    )
      return policy
  return undefined
}

/**
 * Makes the plan of an event; undefined where it does not climb: no policy is for it, or its policy has no tiers.
 *
 * @param own keys of its own channels
 */
export function planFor(escalation: Escalation, event: RoutedEvent, own: readonly string[]): Plan | undefined {
  const policy = policyFor(escalation, event)
  if (policy === undefined || policy.tiers.length === 0) return undefined
  const { outside } = policy
  const withOwn = (tiers: readonly Tier[]) =>
    tiers.map((tier) => (tier.channels.length + tier.pagers.length === 0 ? { ...tier, channels: own } : tier))
  return {
    policy: policy.name,
    own,
    tiers: withOwn(policy.tiers),
    repeat: policy.repeat,
    calendar: policy.calendar ?? null,
    outside:
      typeof outside === 'string'
        ? outside
        : { policy: outside.policy, tiers: withOwn(escalation.policies.get(outside.policy)?.tiers ?? []) },
  }
}

/** The calendars by which plans are kept. */
export type Calendars = ReadonlyMap<string, Calendar>
