import { join } from 'node:path'
import type { Checkout } from '../gateway.ts'
import type { BenchResult } from '../result.ts'
import type { Verdict } from '../targets.ts'
import { brokenCopy } from './copy.ts'
import type { Breakage } from './table.ts'

/** What came of breaking something. */
export interface TryOut {
  readonly breakage: string
  /** The target as it is without the breakage, and with it. */
  readonly whole: Verdict | undefined
  readonly broken: Verdict | undefined
  readonly noticed: boolean
}

/**
 * Measures the whole gateway and the broken one, one after the other. Noticed is only what is met without the breakage:
 * on a machine that misses the target anyway, missing it says nothing.
 */
export async function tryOut(
  breakage: Breakage,
  checkout: Checkout,
  folder: string,
  measure: (checkout: Checkout) => Promise<BenchResult>,
): Promise<TryOut> {
  const verdictOf = (result: BenchResult) => result.verdicts.find((verdict) => verdict.figure === breakage.figure)
  const whole = verdictOf(await measure(brokenCopy(checkout, join(folder, 'whole'), { ...breakage, changes: [] })))
  const broken = verdictOf(await measure(brokenCopy(checkout, join(folder, 'broken'), breakage)))
  return { breakage: breakage.name, whole, broken, noticed: whole?.met === true && broken?.met === false }
}
