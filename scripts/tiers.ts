/**
 * Tests by cost: the folder of a test file decides its tier. Read by `scripts/test.ts`, Vitest's configuration and
 * `test/tiers.test.ts`; CONTRIBUTING.md says when to run which.
 */
export interface Tier {
  /** Test files, as patterns from the root of the repository. */
  readonly include: readonly string[]
  /** Files among them that belong to another tier. */
  readonly exclude: readonly string[]
  /** Whether PostgreSQL, Redis and Chromium are started before its tests. */
  readonly services: boolean
}

export type TierName = 'unit' | 'shared-services' | 'own-services'

const OWN_SERVICES = 'test/own-services/**/*.test.ts'

export const TIERS: Readonly<Record<TierName, Tier>> = {
  /** Pure: no service, database, browser or child process. */
  unit: { include: ['{src,breakages}/**/*.test.ts'], exclude: [], services: false },
  /** With one PostgreSQL, one Redis and one Chromium for all of them, which no test stops. */
  'shared-services': { include: ['{test,bench,chaos,fuzz}/**/*.test.ts'], exclude: [OWN_SERVICES], services: true },
  /** About processes: with services, gateways or npm of their own, which they start, stop, kill and suspend. */
  'own-services': { include: [OWN_SERVICES], exclude: [], services: true },
}
