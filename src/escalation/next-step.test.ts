import { describe, expect, it } from 'vitest'
import { BUILT_IN_ESCALATION, type Policy, WORKING_WEEK } from '../catalogue/escalation.ts'
import type { Priority } from '../catalogue/priority.ts'
import type { Plan } from '../contract/escalations.ts'
import { nextStep, plannedStep, targetOf } from './next-step.ts'
import { planFor, policyFor } from './plan.ts'

const { calendars } = BUILT_IN_ESCALATION
const MINUTE = 60_000
const at = (time: string) => new Date(time)

/** The plan of an event whose own channel is `runtime_eng`. */
function planOf(priority: Priority, policies: readonly Policy[] = []): Plan | undefined {
  const all = new Map([...policies.map((policy) => [policy.name, policy] as const), ...BUILT_IN_ESCALATION.policies])
  const event = { eventType: 'celery.task.failed', priority, stakeholders: ['runtime_eng'] }
  return planFor({ policies: all, calendars }, event, ['runtime_eng'])
}

/** The steps of a plan as minutes after the start, tier and channels. */
function walk(plan: Plan | undefined, start: Date): string[] {
  const steps: string[] = []
  if (plan === undefined) return steps
  let position = { tier: 1, round: 0, since: start }
  for (;;) {
    const next = nextStep(plan, position, calendars)
    if (next === undefined) return steps
    const target = targetOf(plan, next.tier, next.at, calendars)
    const minutes = (next.at.getTime() - start.getTime()) / MINUTE
    steps.push(`${minutes} tier ${next.tier}: ${target?.channels.join() ?? 'nobody'}`)
    position = { tier: next.tier, round: next.round, since: next.at }
  }
}

const policy = (given: Partial<Policy>): Policy => ({
  name: 'own',
  for: [{}],
  tiers: [],
  repeat: { times: 0, after: 0 },
  calendar: undefined,
  outside: 'continue',
  ...given,
})
const tier = (after: number, ...channels: string[]) => ({ after, channels, mentions: [], pagers: [] })

describe('the built-in policies', () => {
  // A Sunday at 10:00 in Riyadh.
  const sunday = at('2026-11-29T10:00:00+03:00')

  it('call as the escalation matrix says', () => {
    expect(walk(planOf('CRITICAL'), sunday)).toEqual([
      '5 tier 2: nphies_integration',
      '10 tier 3: devops',
      '15 tier 4: sre',
    ])
    expect(walk(planOf('HIGH'), sunday)).toEqual(['30 tier 2: nphies_integration', '60 tier 3: devops'])
    expect(walk(planOf('MEDIUM'), sunday)).toEqual(['120 tier 2: nphies_integration', '240 tier 3: pmo'])
    expect(walk(planOf('LOW'), sunday)).toEqual([`${22 * 60} tier 2: runtime_eng`])
    expect(walk(planOf('INFO'), sunday)).toEqual([])
  })

  it('hold LOW over the weekend', () => {
    // A Thursday at 10:00; the next working day is the Sunday.
    expect(walk(planOf('LOW'), at('2026-11-26T10:00:00+03:00'))).toEqual([`${70 * 60} tier 2: runtime_eng`])
  })
})

describe('a policy', () => {
  it('is the first one that the event matches in every condition of an entry', () => {
    const policies = [
      policy({ name: 'high', for: [{ eventType: 'celery.*', priorities: ['HIGH'] }] }),
      policy({ name: 'group', for: [{ stakeholder: 'sre' }, { eventType: 'backup.failed' }] }),
    ]
    const escalation = { policies: new Map(policies.map((one) => [one.name, one])), calendars }
    const of = (eventType: string, priority: Priority, ...stakeholders: string[]) =>
      policyFor(escalation, { eventType, priority, stakeholders })?.name
    expect(of('celery.task.failed', 'HIGH', 'sre')).toBe('high')
    expect(of('celery.task.failed', 'LOW', 'sre')).toBe('group')
    expect(of('backup.failed', 'LOW')).toBe('group')
    expect(of('celery.task.failed', 'LOW')).toBeUndefined()
  })

  it('without tiers leaves its events where they are', () => {
    expect(planOf('CRITICAL', [policy({})])).toBeUndefined()
  })

  it("begins again with the event's own channels", () => {
    const plan = planOf('HIGH', [policy({ tiers: [tier(300, 'sre')], repeat: { times: 2, after: 600 } })])
    expect(walk(plan, at('2026-11-29T10:00:00Z'))).toEqual([
      '5 tier 2: sre',
      '15 tier 1: runtime_eng',
      '20 tier 2: sre',
      '30 tier 1: runtime_eng',
      '35 tier 2: sre',
    ])
  })

  it('calls the own channels where a tier has neither channels nor pagers', () => {
    const mentions = [{ name: 'Sara', id: 'sara@hospital.example' }]
    const plan = planOf('HIGH', [
      policy({
        tiers: [
          { ...tier(60), mentions },
          { ...tier(60), pagers: ['oncall'] },
        ],
      }),
    ])
    expect(plan?.tiers.map(({ channels }) => channels)).toEqual([['runtime_eng'], []])
  })

  it('stands still outside working hours, and says who holds it', () => {
    const plan = planOf('HIGH', [
      policy({ tiers: [tier(7200, 'sre')], calendar: WORKING_WEEK, outside: 'hold' }),
    ]) as Plan
    const held = nextStep(plan, { tier: 1, round: 0, since: at('2026-11-26T16:30:00+03:00') }, calendars)
    expect(held).toEqual({ tier: 2, round: 0, at: at('2026-11-29T09:30:00+03:00'), heldBy: WORKING_WEEK })
    const open = nextStep(plan, { tier: 1, round: 0, since: at('2026-11-26T10:30:00+03:00') }, calendars)
    expect(open).toEqual({ tier: 2, round: 0, at: at('2026-11-26T12:30:00+03:00'), heldBy: undefined })
  })

  it('begins its wait with the working hours where nobody is called outside them', () => {
    const escalation = [
      policy({
        tiers: [tier(300, 'sre')],
        calendar: WORKING_WEEK,
        outside: { policy: 'quiet' },
        repeat: { times: 1, after: 600 },
      }),
      policy({ name: 'quiet', for: [] }),
    ]
    const plan = planOf('HIGH', escalation) as Plan
    // A Thursday at 20:00; working hours begin on the Sunday at 08:00, after 60 hours.
    const begins = 60 * 60
    expect(walk(plan, at('2026-11-26T20:00:00+03:00'))).toEqual([
      `${begins + 5} tier 2: sre`,
      `${begins + 15} tier 1: runtime_eng`,
      `${begins + 20} tier 2: sre`,
    ])
  })

  it('goes on outside working hours where it says so', () => {
    const plan = planOf('HIGH', [policy({ tiers: [tier(7200, 'sre')], calendar: WORKING_WEEK, outside: 'continue' })])
    expect(walk(plan, at('2026-11-26T16:30:00+03:00'))).toEqual(['120 tier 2: sre'])
  })

  it('has the waits of the policy that holds when a wait begins, and calls whom the policy names that holds when it ends', () => {
    const plan = planOf('HIGH', [
      policy({
        tiers: [tier(1800, 'nphies_integration'), tier(1800, 'devops')],
        calendar: WORKING_WEEK,
        outside: { policy: 'night' },
      }),
      policy({ name: 'night', for: [], tiers: [tier(600, 'sre')] }),
    ])
    // Begins 20 minutes before the end of the working day: the first wait ends after it.
    expect(walk(plan, at('2026-11-29T16:40:00+03:00'))).toEqual(['30 tier 2: sre'])
    expect(walk(plan, at('2026-11-29T20:00:00+03:00'))).toEqual(['10 tier 2: sre'])
    expect(walk(plan, at('2026-11-29T10:00:00+03:00'))).toEqual(['30 tier 2: nphies_integration', '60 tier 3: devops'])
  })

  it('waits for working hours where the policy outside them calls nobody', () => {
    const plan = planOf('HIGH', [
      policy({ tiers: [tier(1800, 'devops')], calendar: WORKING_WEEK, outside: { policy: 'nobody' } }),
      policy({ name: 'nobody', for: [], tiers: [] }),
    ]) as Plan
    const night = { tier: 1, round: 0, since: at('2026-11-29T20:00:00+03:00') }
    const next = { tier: 2, round: 0, at: at('2026-11-30T08:30:00+03:00'), heldBy: WORKING_WEEK }
    expect(nextStep(plan, night, calendars)).toEqual(next)
    expect(plannedStep(plan, night, calendars)).toEqual(next)
    // The wait ends after the shift: the tier is called when the next one begins.
    const evening = { tier: 1, round: 0, since: at('2026-11-29T16:45:00+03:00') }
    expect(plannedStep(plan, evening, calendars)).toEqual({ ...next, at: at('2026-11-30T08:00:00+03:00') })
  })

  it('does not hold by a calendar that the configuration has no more', () => {
    const plan = planOf('HIGH', [policy({ tiers: [tier(60, 'sre')], calendar: 'gone', outside: 'hold' })])
    expect(walk(plan, at('2026-11-27T10:00:00+03:00'))).toEqual(['1 tier 2: sre'])
  })

  it('counts from when the tier before was called, whatever the clock shows meanwhile', () => {
    const plan = planOf('HIGH') as Plan
    const since = at('2026-11-29T10:00:00Z')
    expect(nextStep(plan, { tier: 1, round: 0, since }, calendars)?.at).toEqual(at('2026-11-29T10:30:00Z'))
    // A clock that was set back while the wait began: the step is due at the same moment of that clock, once.
    expect(nextStep(plan, { tier: 2, round: 0, since: at('2026-11-29T09:00:00Z') }, calendars)?.at).toEqual(
      at('2026-11-29T09:30:00Z'),
    )
  })
})
