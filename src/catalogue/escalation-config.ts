import type { Problem } from '../kernel/errors.ts'
import { isObject } from '../kernel/json.ts'
import { BUILT_IN_ESCALATION, type Escalation, type Policy, WORKING_WEEK } from './escalation.ts'
import type { EscalationConfig } from './escalation-schema.ts'

/**
 * Policies and calendars: those of the configuration in their order, then the built-in ones whose names it does not have.
 *
 * @param typeNamed the event type of a name, which may be an alias
 */
export function escalationOf(config: EscalationConfig | undefined, typeNamed: (name: string) => string): Escalation {
  if (config === undefined) return BUILT_IN_ESCALATION
  const policies = Object.entries(config.policies).map(([name, given]): [string, Policy] => {
    const { calendar, outside } = given
    return [
      name,
      {
        name,
        for: given.for.map((match) => ({
          ...(match.event_type === undefined ? {} : { eventType: typeNamed(match.event_type) }),
          ...(match.priorities === undefined ? {} : { priorities: match.priorities }),
          ...(match.stakeholder === undefined ? {} : { stakeholder: match.stakeholder }),
        })),
        tiers: given.tiers,
        repeat: given.repeat,
        calendar: calendar ?? (outside === undefined || outside === 'continue' ? undefined : WORKING_WEEK),
        outside: outsideOf(outside, calendar !== undefined),
      },
    ]
  })
  const calendars = Object.entries(config.calendars).map(
    ([name, { time_zone, exceptions, ...given }]) =>
      [
        name,
        {
          name,
          ...given,
          timeZone: time_zone,
          exceptions: exceptions.map(({ days, calendar }) => ({ ...days, calendar })),
        },
      ] as const,
  )
  return {
    policies: new Map([...policies, ...notIn(BUILT_IN_ESCALATION.policies, config.policies)]),
    calendars: new Map([...calendars, ...notIn(BUILT_IN_ESCALATION.calendars, config.calendars)]),
  }
}

function outsideOf(given: string | undefined, hasCalendar: boolean): Policy['outside'] {
  if (given === undefined) return hasCalendar ? 'hold' : 'continue'
  return given === 'hold' || given === 'continue' ? given : { policy: given }
}

function notIn<T>(builtIn: ReadonlyMap<string, T>, given: object): [string, T][] {
  return [...builtIn].filter(([name]) => !Object.hasOwn(given, name))
}

/** The names of policies or calendars, built in or in the configuration. */
export function escalationNames(input: unknown, part: 'policies' | 'calendars'): ReadonlySet<string> {
  return new Set([...BUILT_IN_ESCALATION[part].keys(), ...partOf(input, part).map(([name]) => name)])
}

/**
 * Checks policies against each other and against the event types: a policy that stands in for another has no working hours of its
 * own, one whose events do not climb has none that stands in for it, and a pattern matches a type.
 *
 * @param unmatched why a pattern is not one of event types; undefined where it is
 */
export function escalationProblems(
  input: unknown,
  unmatched: (pattern: string) => Omit<Problem, 'at'> | undefined,
): Problem[] {
  const policies = partOf(input, 'policies')
  const hasHours = (name: string) => {
    const given = policies.find(([key]) => key === name)?.[1]
    if (given === undefined) return BUILT_IN_ESCALATION.policies.get(name)?.calendar !== undefined
    return given.calendar !== undefined || (given.outside !== undefined && given.outside !== 'continue')
  }
  return policies.flatMap(([name, policy]) => {
    const at = `escalation.policies.${name}`
    const { outside } = policy
    const standsIn = typeof outside === 'string' && outside !== 'hold' && outside !== 'continue' ? outside : undefined
    const nested = standsIn !== undefined && hasHours(standsIn)
    const useless = standsIn !== undefined && Array.isArray(policy.tiers) && policy.tiers.length === 0
    const matches: readonly unknown[] = Array.isArray(policy.for) ? policy.for : []
    return [
      ...(nested
        ? [
            {
              at: `${at}.outside`,
              found: 'a policy with working hours of its own',
              expected: 'a policy without a calendar, so that somebody is called at any time',
            },
          ]
        : []),
      ...(useless
        ? [
            {
              at: `${at}.tiers`,
              found: 'none, in a policy whose `outside` names another one: its events do not climb, at no time',
              expected: 'a tier for working hours, such as the last one of the policy that `outside` names',
            },
          ]
        : []),
      ...matches.flatMap((match, index) => {
        const pattern = isObject(match) ? match.event_type : undefined
        const problem = typeof pattern === 'string' ? unmatched(pattern) : undefined
        return problem ? [{ at: `${at}.for[${index}].event_type`, ...problem }] : []
      }),
    ]
  })
}

function partOf(input: unknown, part: 'policies' | 'calendars'): [string, Readonly<Record<string, unknown>>][] {
  const section = isObject(input) ? input.escalation : undefined
  const value = isObject(section) ? section[part] : undefined
  return isObject(value) ? Object.entries(value).map(([name, entry]) => [name, isObject(entry) ? entry : {}]) : []
}
