import { join } from 'node:path'
import type { Checkout } from '../gateway.ts'
import { commitOf } from '../machine.ts'
import type { ScenarioName } from '../options.ts'
import type { BenchResult } from '../result.ts'
import type { Verdict } from '../targets.ts'
import { brokenCopy } from './copy.ts'
import { BREAKAGES, type Breakage } from './table.ts'

/** What came of breaking something. */
export interface TryOut {
  /** RFC 3339. */
  readonly date: string
  /** Of the checkout whose gateway was broken. */
  readonly commit: string
  readonly breakage: string
  readonly does: string
  /** The target as it is without the breakage, and with it. */
  readonly whole: Verdict | undefined
  readonly broken: Verdict | undefined
  readonly noticed: boolean
}

/**
 * Breaks one thing after the other, and measures it each time; before the first one of a scenario, what is whole. Noticed is
 * only what is met without the breakage: on a machine that misses the target anyway, missing it says nothing.
 *
 * @param measure plays one scenario with the gateway of a checkout
 * @throws Error where a breakage's text no longer stands in the code, before anything is measured
 */
export async function tryOut(
  breakages: readonly Breakage[],
  checkout: Checkout,
  folder: string,
  measure: (checkout: Checkout, scenario: ScenarioName) => Promise<BenchResult>,
  tell: (came: TryOut) => void,
): Promise<readonly TryOut[]> {
  const whole = new Map<ScenarioName, BenchResult>()
  const wholeCopy = brokenCopy(checkout, join(folder, 'whole'), [])
  const copies = breakages.map(({ changes }, nth) => brokenCopy(checkout, join(folder, `broken-${nth}`), changes))
  const commit = commitOf(checkout)
  const tried: TryOut[] = []
  for (const [nth, { name, does, scenario, figure }] of breakages.entries()) {
    const reference = whole.get(scenario) ?? (await measure(wholeCopy, scenario))
    whole.set(scenario, reference)
    const result = await measure(copies[nth] as Checkout, scenario)
    const verdictOf = ({ verdicts }: BenchResult) => verdicts.find((verdict) => verdict.figure === figure)
    const [met, missed] = [verdictOf(reference), verdictOf(result)]
    const noticed = met?.met === true && missed?.met === false
    const came = { date: result.date, commit, breakage: name, does, whole: met, broken: missed, noticed }
    tell(came)
    tried.push(came)
  }
  return tried
}

/** What came of several tries: what was tried again stands in the place of what came before, in the order of the table. */
export function latestOf(before: readonly TryOut[], now: readonly TryOut[]): readonly TryOut[] {
  const latest = new Map([...before, ...now].map((one) => [one.breakage, one]))
  return BREAKAGES.flatMap(({ name }) => latest.get(name) ?? [])
}
