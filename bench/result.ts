import type { Figure } from './figures.ts'
import type { Machine } from './machine.ts'
import type { ScenarioName, Sizes } from './options.ts'
import type { Verdict } from './targets.ts'

/** What one scenario came to. */
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
  readonly verdicts: readonly Verdict[]
}
