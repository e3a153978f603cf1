/** A tier of the policy of a scenario. */
export interface TierFacts {
  readonly after_s: number
  readonly channels: readonly string[]
  readonly pagers: readonly string[]
}

/** The policy of a scenario, which the checker has to know. */
export interface EscalationFacts {
  readonly priorities: readonly string[]
  /** After the event's own channels, which are tier 1. */
  readonly tiers: readonly TierFacts[]
}

/** Name of the pager in the configuration. */
export const PAGER = 'oncall'
/** Its key, of the length that PagerDuty's have. */
export const PAGER_KEY = 'c'.repeat(32)

/** Text of a gateway's configuration file with the policy, and with PagerDuty at this address. */
export function configOf({ priorities, tiers }: EscalationFacts, pagerUrl: string | undefined): string {
  const policy = {
    for: [{ priorities }],
    tiers: tiers.map(({ after_s, channels, pagers }) => ({ after: `${after_s}s`, channels, pagers })),
  }
  return JSON.stringify({
    ...(pagerUrl === undefined ? {} : { pagers: { [PAGER]: { kind: 'pagerduty', url: pagerUrl } } }),
    escalation: { policies: { chaos: policy } },
  })
}
