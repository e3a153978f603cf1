import { TIERS, type TierName } from './tiers.ts'

/** What one call of `scripts/test.ts` runs. */
export interface TestPlan {
  readonly tiers: readonly TierName[]
  /** Whether format, lint and types are checked before. */
  readonly checks: boolean
  /** Whether arguments choose among the tests, so that others do not run. */
  readonly narrowed: boolean
  /** Arguments for Vitest. */
  readonly vitest: readonly string[]
}

const NAMES = Object.keys(TIERS) as TierName[]

/**
 * Reads the arguments of `scripts/test.ts`. Without any: what every contribution has to pass. `--tier=NAME` runs one tier
 * without the checks, `--coverage` runs the checks and all tiers and counts coverage. Whatever else is given goes to
 * Vitest and chooses among the tests of the named tier, or of all (`npm test -- src/cards`).
 *
 * @throws Error for a tier that does not exist
 */
export function readPlan(args: readonly string[]): TestPlan {
  const named = args.find((arg) => arg.startsWith('--tier='))?.slice('--tier='.length)
  const coverage = args.includes('--coverage')
  const others = args.filter((arg) => !arg.startsWith('--tier=') && arg !== '--coverage')
  const tier = NAMES.find((name) => name === named)
  if (named !== undefined && tier === undefined) throw new Error(`no tier ${named}; there are ${NAMES.join(', ')}`)
  const narrowed = others.length > 0
  const byDefault: readonly TierName[] = coverage || narrowed ? NAMES : ['unit', 'shared-services']
  return {
    tiers: tier ? [tier] : byDefault,
    checks: tier === undefined && !narrowed,
    narrowed,
    vitest: [...(coverage ? ['--coverage'] : []), ...others],
  }
}
