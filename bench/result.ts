import { type Figure, shown } from './figures.ts'
import type { Machine } from './machine.ts'
import type { ScenarioName, Sizes } from './options.ts'
import { type TargetResult, targetLine } from './targets.ts'

/** Figures of one scenario. */
export interface ScenarioResult {
  readonly name: ScenarioName
  /** Load average of the machine (1 minute) when it began and when it ended: figures of a busy machine are not its best. */
  readonly load: { readonly before: number; readonly after: number }
  readonly seconds: number
  readonly figures: readonly Figure[]
  readonly details: Readonly<Record<string, unknown>>
}

/** The JSON that `npm run bench` writes, and from which docs/performance.md is made. */
export interface BenchResult {
  /** RFC 3339. */
  readonly date: string
  /** The command that gave it. */
  readonly command: string
  readonly rounds: number
  readonly quick: boolean
  readonly sizes: Sizes
  readonly machine: Machine
  readonly scenarios: readonly ScenarioResult[]
  readonly targets: readonly TargetResult[]
}

/** The result as lines for a terminal: figures with their rounds, then the targets. */
export function resultLines(result: BenchResult): string[] {
  const { machine } = result
  return [
    `claimlinc-teams ${machine.version} (${machine.commit}), ${result.date}`,
    `${machine.cores} × ${machine.cpu}, ${machine.memory} GB, ${machine.kernel}, Node ${machine.node}, PostgreSQL ${machine.postgresql}`,
    `${result.rounds} round${result.rounds === 1 ? '' : 's'}${result.quick ? ', small (--quick): figures are rough' : ''}`,
    ...result.scenarios.flatMap((scenario) => [
      '',
      `${scenario.name.padEnd(28)}${'median'.padStart(22)}${'min'.padStart(22)}${'max'.padStart(22)}   load ${scenario.load.before.toFixed(1)}–${scenario.load.after.toFixed(1)}`,
      ...scenario.figures.map(figureLine),
    ]),
    '',
    ...result.targets.map(targetLine),
  ]
}

function figureLine({ name, unit, median, min, max }: Figure): string {
  const short = name.replace(/^\w+\./, '').replaceAll('_', ' ')
  return `  ${short.padEnd(26)}${[median, min, max].map((value) => shown(value, unit).padStart(22)).join('')}`
}
