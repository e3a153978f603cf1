import { type Figure, shown } from './figures.ts'
import type { BenchResult } from './result.ts'
import { verdictLine } from './targets.ts'

/** The result as lines for a terminal: figures with their rounds, then the verdicts. */
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
    ...result.verdicts.map(verdictLine),
  ]
}

function figureLine({ name, unit, median, min, max }: Figure): string {
  const short = name.replace(/^\w+\./, '').replaceAll('_', ' ')
  return `  ${short.padEnd(26)}${[median, min, max].map((value) => shown(value, unit).padStart(22)).join('')}`
}
