import type { Catalogue } from '../catalogue/catalogue.ts'
import type { PageTier } from '../contract/actions.ts'
import type { StoredEscalation } from '../store/escalations.ts'
import { plannedStep, targetOf, tierAt, tierCount } from './next-step.ts'

/**
 * The tiers that a person may call for an event, by what each does: `climb` of the timers calls the one that is chosen, and the next
 * one where none is. Outside working hours these are the tiers of another policy, where the plan names one.
 *
 * @param now on the database's clock
 */
export function tiersByHand(
  escalation: StoredEscalation,
  now: Date,
  { channels, escalation: { calendars } }: Pick<Catalogue, 'channels' | 'escalation'>,
): readonly PageTier[] {
  const { plan, state, tier: called, since, nextAt } = escalation
  if (state === 'ended') return []
  const next = tierAt(plan, { tier: called + 1 }, since, now, calendars)
  const planned = state === 'climbing' ? plannedStep(plan, escalation, calendars) : undefined
  return Array.from({ length: tierCount(plan, now, calendars) }, (_, index) => index + 1).flatMap((tier) => {
    const target = targetOf(plan, tier, now, calendars)
    if (target === undefined) return []
    return {
      tier,
      channels: target.channels.map((key) => channels.get(key)?.name ?? key),
      people: target.mentions.map(({ name }) => name),
      pagers: target.pagers,
      isNext: tier === next,
      at: tier === next && planned?.tier === tier ? nextAt : null,
    }
  })
}
