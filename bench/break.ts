import { join } from 'node:path'
import { copyBroken, copyCheckout } from '../breakages/breakage.ts'
import { type BenchBreakage, BREAKAGES } from './breakages.ts'
import type { Checkout } from './gateway.ts'
import { commitOf } from './machine.ts'
import type { ScenarioName } from './options.ts'
import type { BenchResult } from './result.ts'
import type { TargetResult } from './targets.ts'

/** Whether the bench noticed a breakage. */
export interface BreakageResult {
  /** RFC 3339. */
  readonly date: string
  /** Of the checkout whose gateway was broken. */
  readonly commit: string
  readonly breakage: string
  readonly does: string
  /** The breakage's target as it is found without the breakage, and with it. */
  readonly whole: TargetResult | undefined
  readonly broken: TargetResult | undefined
  readonly noticed: boolean
}

/**
 * Measures the broken gateway for each breakage in turn, and the whole gateway once for each scenario. A breakage counts
 * as noticed only if its target is met without it: on a machine that misses the target anyway, missing it says nothing.
 *
 * @param measure runs one scenario with the gateway of a checkout
 * @throws Error where a breakage's text is no longer in the source, before anything is measured
 */
export async function tryBreakages(
  breakages: readonly BenchBreakage[],
  checkout: Checkout,
  folder: string,
  measure: (checkout: Checkout, scenario: ScenarioName) => Promise<BenchResult>,
  report: (result: BreakageResult) => void,
): Promise<readonly BreakageResult[]> {
  const unbroken = { root: join(folder, 'whole') }
  copyCheckout(checkout.root, unbroken.root)
  const copies = breakages.map((breakage, nth) => {
    const root = join(folder, `broken-${nth}`)
    copyBroken(breakage, checkout.root, root)
    return { breakage, root }
  })
  const commit = commitOf(checkout)
  const references = new Map<ScenarioName, BenchResult>()
  const results: BreakageResult[] = []
  for (const { breakage, root } of copies) {
    const { name, does, scenario, figure } = breakage
    const reference = references.get(scenario) ?? (await measure(unbroken, scenario))
    references.set(scenario, reference)
    const measured = await measure({ root }, scenario)
    const [whole, broken] = [reference, measured].map(({ targets }) => targets.find((one) => one.figure === figure))
    const noticed = whole?.met === true && broken?.met === false
    const result = { date: measured.date, commit, breakage: name, does, whole, broken, noticed }
    report(result)
    results.push(result)
  }
  return results
}

/** Results of several runs, in the order of the table; of a breakage in both, the result in `now`. */
export function latestOf(before: readonly BreakageResult[], now: readonly BreakageResult[]): readonly BreakageResult[] {
  const latest = new Map([...before, ...now].map((result) => [result.breakage, result]))
  return BREAKAGES.flatMap(({ name }) => latest.get(name) ?? [])
}
