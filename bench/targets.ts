import { type Figure, shown } from './figures.ts'

/** The bound of a figure. */
export interface Target {
  /** The scenario of the issue that it belongs to. */
  readonly scenario: string
  /** Name of the figure. */
  readonly figure: string
  /** The figure in words. */
  readonly what: string
  /** Which of the rounds counts; the median unless said otherwise. */
  readonly of?: 'min' | 'max'
  readonly comparison: 'at least' | 'at most'
  readonly value: number
  /** Must hold on every machine and under every load: missing it is an error, not a slow machine. */
  readonly correctness?: true
  /** The bound under `--quick`, on a machine that does other things too; without one, the figure is only shown then. */
  readonly quick?: number
}

/** Not one, in no round, on any machine. */
const NONE = { of: 'max', comparison: 'at most', value: 0, correctness: true, quick: 0 } as const

/** All targets, in the order of the scenarios: for the terminal, docs/performance.md and the exit code. */
export const TARGETS: readonly Target[] = [
  {
    scenario: 'throughput',
    figure: 'throughput.lost',
    what: 'accepted and not received',
    ...NONE,
  },
  {
    scenario: 'throughput',
    figure: 'throughput.received_twice',
    what: 'received twice with nothing cut off',
    ...NONE,
  },
  {
    scenario: 'throughput',
    figure: 'throughput.ratio',
    what: 'notifications/s as a share of the ceiling',
    comparison: 'at least',
    value: 0.5,
  },
  {
    scenario: 'throughput',
    figure: 'throughput.cpu_ratio',
    what: 'CPU of the ceiling’s process as a share of the gateway’s',
    comparison: 'at least',
    value: 0.1,
    quick: 0.08,
  },
  {
    scenario: 'latency',
    figure: 'latency.lost',
    what: 'accepted and not received',
    ...NONE,
  },
  {
    scenario: 'latency',
    figure: 'latency.p99',
    what: 'idle, accept to received, p99',
    comparison: 'at most',
    value: 50,
  },
  {
    scenario: 'storm',
    figure: 'storm.unrepresented',
    what: 'events that no card stands for',
    ...NONE,
  },
  {
    scenario: 'storm',
    figure: 'storm.most_in_a_minute',
    what: 'cards in any 60 s (60 and a burst of 10)',
    of: 'max',
    comparison: 'at most',
    value: 70,
    correctness: true,
    quick: 70,
  },
  {
    scenario: 'storm',
    figure: 'storm.critical_p99',
    what: 'CRITICAL in a storm, accept to received, p99',
    comparison: 'at most',
    value: 2,
    quick: 15,
  },
  {
    scenario: 'storm',
    figure: 'storm.represented_after',
    what: 'every event represented, after the storm’s end',
    of: 'max',
    comparison: 'at most',
    value: 120,
  },
  {
    scenario: 'growth',
    figure: 'growth.lost',
    what: 'accepted and not received',
    ...NONE,
  },
  {
    scenario: 'growth',
    figure: 'growth.ratio',
    what: 'notifications/s with the audit behind it, as a share of without',
    comparison: 'at least',
    value: 0.9,
    quick: 0.2,
  },
  { scenario: 'growth', figure: 'growth.purge', what: 'purge of a month', of: 'max', comparison: 'at most', value: 1 },
  {
    scenario: 'throughput',
    figure: 'throughput.peak_memory',
    what: 'peak memory of the gateway under load',
    of: 'max',
    comparison: 'at most',
    value: 250,
  },
  {
    scenario: 'storm',
    figure: 'storm.peak_memory',
    what: 'peak memory of the gateway in a storm',
    of: 'max',
    comparison: 'at most',
    value: 250,
  },
  {
    scenario: 'embedded',
    figure: 'embedded.lost',
    what: 'accepted and not received',
    ...NONE,
  },
  {
    scenario: 'embedded',
    figure: 'embedded.notifications',
    what: 'notifications/s on the embedded database',
    comparison: 'at least',
    value: 150,
    quick: 15,
  },
  {
    scenario: 'replicas',
    figure: 'replicas.lost',
    what: 'accepted and not received',
    ...NONE,
  },
  {
    scenario: 'replicas',
    figure: 'replicas.over_budget',
    what: 'cards over the budget of three replicas together',
    ...NONE,
  },
  { scenario: 'audit', figure: 'audit.lost', what: 'accepted and not received', ...NONE },
  {
    scenario: 'audit',
    figure: 'audit.ratio',
    what: 'notifications/s with audit entries, as a share of without',
    comparison: 'at least',
    value: 0.95,
    quick: 0.5,
  },
  {
    scenario: 'audit',
    figure: 'audit.verified',
    what: 'entries verified',
    comparison: 'at least',
    value: 42_000,
    quick: 2_000,
  },
  {
    scenario: 'audit',
    figure: 'audit.verify_memory',
    what: 'peak memory of verifying',
    comparison: 'at most',
    value: 200,
  },
  {
    scenario: 'audit',
    figure: 'audit.p50_added',
    what: 'idle, accept to received, p50 more than without audit entries',
    comparison: 'at most',
    value: 1,
    quick: 10,
  },
  { scenario: 'escalation', figure: 'escalation.lost', what: 'tiers not called, or their cards not received', ...NONE },
  { scenario: 'escalation', figure: 'escalation.called_twice', what: 'tiers called twice', ...NONE },
  { scenario: 'escalation', figure: 'escalation.without_entry', what: 'tiers called without an audit entry', ...NONE },
  ...[
    { prefix: '', where: '' },
    { prefix: 'embedded_', where: ', embedded database' },
  ].flatMap(({ prefix, where }): readonly Target[] => [
    {
      scenario: 'escalation',
      figure: `escalation.${prefix}longest_tick`,
      what: `longest tick${where}`,
      of: 'max',
      comparison: 'at most',
      value: 1,
      quick: 10,
    },
    {
      scenario: 'escalation',
      figure: `escalation.${prefix}latest`,
      what: `a tier is called after it is due${where}`,
      of: 'max',
      comparison: 'at most',
      value: 10,
      quick: 30,
    },
    {
      scenario: 'escalation',
      figure: `escalation.${prefix}critical_p99`,
      what: `CRITICAL meanwhile, accept to received, p99${where}`,
      comparison: 'at most',
      value: 2,
      quick: 15,
    },
  ]),
  { scenario: 'pagers', figure: 'pagers.lost', what: 'events without an alert, or with two', ...NONE },
  {
    scenario: 'pagers',
    figure: 'pagers.most_in_a_minute',
    what: 'requests in any 60 s (the limit of PagerDuty)',
    of: 'max',
    comparison: 'at most',
    value: 120,
    correctness: true,
    quick: 120,
  },
  { scenario: 'pagers', figure: 'pagers.throttled', what: 'requests that PagerDuty refused as too many', ...NONE },
  {
    scenario: 'pagers',
    figure: 'pagers.pace',
    what: 'time that the budget needs as a share of the time taken',
    comparison: 'at least',
    value: 0.8,
    quick: 0.2,
  },
]

/** A target and whether it is met. */
export interface TargetResult extends Target {
  readonly unit: string
  readonly found: number
  readonly met: boolean
  /** True when missing it ends the command with exit code 1. */
  readonly binding: boolean
}

/** Compares the figures with the targets; a target whose figure was not measured has no result. */
export function checkTargets(
  figures: readonly Figure[],
  options: { readonly quick: boolean; readonly strict: boolean },
  targets: readonly Target[] = TARGETS,
): TargetResult[] {
  return targets.flatMap((target) => {
    const measured = figures.find(({ name }) => name === target.figure)
    if (!measured) return []
    const bound = options.quick ? (target.quick ?? target.value) : target.value
    const found = measured[target.of ?? 'median']
    const met = target.comparison === 'at least' ? found >= bound : found <= bound
    const binding = options.strict || (options.quick ? target.quick !== undefined : target.correctness === true)
    return [{ ...target, value: bound, unit: measured.unit, found, met, binding }]
  })
}

/** One line: whether it is met, what was found, what was wanted. */
export function targetLine(target: TargetResult): string {
  const { met, binding, scenario, what, found, unit, comparison, value } = target
  const word = met ? 'met   ' : binding ? 'MISSED' : 'missed'
  return `${word}  ${scenario.padEnd(10)}  ${what}: ${shown(found, unit)} (${comparison} ${shown(value, unit)})`
}
