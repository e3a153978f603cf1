import type { Reporter, TestModule } from 'vitest/node'

/** Most files that are listed. A run of fewer lists none. */
const LISTED = 10

/** A test file and what it took: imports, hooks and tests. */
export interface FileTime {
  readonly file: string
  readonly ms: number
}

/** Lists the slowest files, the slowest first, below the sum of all. */
export function slowestFiles(times: readonly FileTime[]): readonly string[] {
  if (times.length < LISTED) return []
  const all = times.reduce((sum, { ms }) => sum + ms, 0)
  const slowest = times.toSorted((a, b) => b.ms - a.ms).slice(0, LISTED)
  return [
    `Slowest of ${times.length} test files, which took ${seconds(all).trim()} s one after the other:`,
    ...slowest.map(({ file, ms }) => `${seconds(ms)} s  ${file}`),
  ]
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1).padStart(7)
}

/**
 * Vitest's reporter that lists the slowest files at the end of a run, so that a test that makes the run slow is seen when it is
 * written. No limit on a time fails: on a busy machine it would fail without a reason.
 */
export default class SlowestFiles implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const lines = slowestFiles(modules.map((module) => ({ file: module.relativeModuleId, ms: timeOf(module) })))
    if (lines.length > 0) console.log(`\n${lines.join('\n')}`)
  }
}

function timeOf(module: TestModule): number {
  const { environmentSetupDuration, prepareDuration, setupDuration, collectDuration, duration } = module.diagnostic()
  return environmentSetupDuration + prepareDuration + setupDuration + collectDuration + duration
}
