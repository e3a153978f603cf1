import { parseArgs } from 'node:util'

/** The scenarios, by letter as in docs/performance.md and by name. (e), memory, is read during (a) and (c). */
export const SCENARIO_NAMES = [
  'throughput',
  'latency',
  'storm',
  'growth',
  'embedded',
  'replicas',
  'audit',
  'escalation',
  'pagers',
] as const
export type ScenarioName = (typeof SCENARIO_NAMES)[number]

/** Sizes of the scenarios. */
export interface Sizes {
  /**
   * Events of one measured run, and those before it that warm the process up. A gateway runs for months, and V8 compiles
   * for the first 10,000 cards; the ceiling, which has hardly any code, is warm after a few hundred.
   */
  readonly events: number
  readonly warmUp: number
  /** Events of a run with several replicas, and on the embedded database. */
  readonly fewerEvents: number
  /** Single events, and those before them. */
  readonly latencySamples: number
  readonly latencyWarmUp: number
  readonly stormEvents: number
  readonly stormSeconds: number
  readonly criticalEverySeconds: number
  /** TEAMS_DIGEST_AFTER in the storm; undefined for the default. */
  readonly digestAfter: number | undefined
  /** Longest time to wait for the last card after a storm. */
  readonly stormTimeoutSeconds: number
  /** Notifications of past months, and over how many months. */
  readonly auditRows: number
  readonly auditMonths: number
  /** Audit entries that are verified. */
  readonly trailEntries: number
  /** How many replicas share a database, one after the other. */
  readonly replicas: readonly number[]
  /** Open events whose next tier is due at the same moment. */
  readonly escalations: number
  /** Alerts that are due at a pager at the same moment, their fingerprints, and the longest time to wait for them. */
  readonly pagerAlerts: number
  readonly pagerFingerprints: number
  readonly pagerTimeoutSeconds: number
  /** How long three replicas share a budget that binds. */
  readonly budgetSeconds: number
}

const FULL: Sizes = {
  events: 8_000,
  warmUp: 4_000,
  fewerEvents: 2_000,
  latencySamples: 400,
  latencyWarmUp: 100,
  stormEvents: 10_000,
  stormSeconds: 30,
  criticalEverySeconds: 10,
  digestAfter: undefined,
  stormTimeoutSeconds: 300,
  auditRows: 5_000_000,
  auditMonths: 72,
  trailEntries: 5_000_000,
  replicas: [1, 2, 3],
  escalations: 10_000,
  pagerAlerts: 3_000,
  pagerFingerprints: 150,
  pagerTimeoutSeconds: 300,
  budgetSeconds: 30,
}

/** Small enough for every change. Its figures are rough; its checks of correctness are not. */
const QUICK: Sizes = {
  events: 600,
  warmUp: 200,
  fewerEvents: 300,
  latencySamples: 40,
  latencyWarmUp: 20,
  stormEvents: 600,
  stormSeconds: 6,
  criticalEverySeconds: 2,
  digestAfter: 5,
  stormTimeoutSeconds: 60,
  auditRows: 24_000,
  auditMonths: 12,
  trailEntries: 60_000,
  replicas: [2],
  escalations: 400,
  pagerAlerts: 200,
  pagerFingerprints: 30,
  pagerTimeoutSeconds: 60,
  budgetSeconds: 8,
}

/** Just large enough to notice a breakage. */
const BREAKAGE: Sizes = {
  ...FULL,
  events: 4_000,
  warmUp: 4_000,
  latencySamples: 60,
  latencyWarmUp: 40,
  stormTimeoutSeconds: 150,
  auditRows: 720_000,
  trailEntries: 60_000,
  escalations: 6_000,
  replicas: [1],
}

/** What the command was asked for. */
export interface BenchOptions {
  readonly only: readonly ScenarioName[]
  readonly rounds: number
  readonly quick: boolean
  readonly strict: boolean
  readonly out: string | undefined
  /** Folder for CPU profiles. */
  readonly profile: string | undefined
  /** Name of a breakage, `all` or `list`. */
  readonly breakage: string | undefined
  /** Another checkout whose gateway is measured. */
  readonly gateway: string | undefined
  readonly sizes: Sizes
}

export const USAGE = `npm run bench -- [options]

  --only a,b        these scenarios: ${SCENARIO_NAMES.join(', ')}
  --rounds n        rounds of each (5)
  --quick           one round of each, small: for every change; figures are rough
  --strict          exit code 1 for every target that is missed, not only for those of correctness
  --out FILE        where the JSON goes (bench.json)
  --profile FOLDER  write a CPU profile of each gateway into this folder, and say what cost most
  --gateway FOLDER  measure the gateway of another checkout (this one's bench, that one's src)
  --break NAME      break the gateway on purpose, and see that the scenario notices; "all" tries every breakage,
                    "list" lists them; --out keeps the results of the other breakages`

/** The command line is wrong. */
export class UsageError extends Error {}

/** Reads the command line. @throws UsageError with what is wrong */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parsed(args)
  const { quick } = values
  const breaking = values.break !== undefined
  const rounds = values.rounds === undefined ? (quick || breaking ? 1 : 5) : Number(values.rounds)
  if (!Number.isInteger(rounds) || rounds < 1) throw new UsageError('--rounds takes a whole number, 1 or more')
  return {
    only: (values.only?.split(',') ?? SCENARIO_NAMES).map(scenarioNamed),
    rounds,
    quick,
    strict: values.strict,
    out: values.out,
    profile: values.profile,
    breakage: values.break,
    gateway: values.gateway,
    sizes: quick ? QUICK : breaking ? BREAKAGE : FULL,
  }
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        only: { type: 'string' },
        rounds: { type: 'string' },
        quick: { type: 'boolean', default: false },
        strict: { type: 'boolean', default: false },
        out: { type: 'string' },
        profile: { type: 'string' },
        gateway: { type: 'string' },
        break: { type: 'string' },
      },
    })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function scenarioNamed(name: string): ScenarioName {
  const found = SCENARIO_NAMES.find((known) => known === name.trim())
  if (!found) throw new UsageError(`there is no scenario "${name}", but ${SCENARIO_NAMES.join(', ')}`)
  return found
}
