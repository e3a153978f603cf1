import { globSync, readFileSync } from 'node:fs'
import { matchesGlob } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readPlan } from '../scripts/test-plan.ts'
import { TIERS } from '../scripts/tiers.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const files = globSync('**/*.test.ts', { cwd: root, exclude: ['node_modules/**', 'dist/**'] }).sort()
const matches = (file: string, patterns: readonly string[]) => patterns.some((pattern) => matchesGlob(file, pattern))

/** The tiers that a test file belongs to. */
const tiersOf = (file: string) =>
  Object.entries(TIERS)
    .filter(([, { include, exclude }]) => matches(file, include) && !matches(file, exclude))
    .map(([name]) => name)

const filesOf = (tier: string) => files.filter((file) => tiersOf(file).includes(tier))

/** Files of these whose text has the pattern. */
const filesWith = (pattern: RegExp, among: readonly string[]) =>
  among.filter((file) => pattern.test(readFileSync(`${root}${file}`, 'utf8')))

describe('a test file', () => {
  it('belongs to exactly one tier', () => {
    expect(files.filter((file) => tiersOf(file).length !== 1)).toEqual([])
    expect(Object.keys(TIERS).filter((tier) => filesOf(tier).length < 5)).toEqual([])
  })

  it('beside the source starts no service, database, browser or process', () => {
    const impure =
      /from '(?:[^']*\/test\/(?:services|acceptance|cli)\/[^']*|node:(?:child_process|net|http|worker_threads)|pg|redis|@electric-sql\/pglite|playwright-core|undici)'/
    expect(filesWith(impure, filesOf('unit'))).toEqual([])
  })

  it('that starts services or gateways of its own is in test/own-services', () => {
    const starting = /\b(?:startPostgres|startRedis|startRabbitMq|spawnGateway)\b/
    expect(filesWith(starting, filesOf('shared-services')).filter((file) => file !== 'test/tiers.test.ts')).toEqual([])
  })
})

describe('scripts/test.ts', () => {
  it('runs all but own-services by default, with the checks', () => {
    expect(readPlan([])).toEqual({ tiers: ['unit', 'shared-services'], checks: true, narrowed: false, vitest: [] })
  })

  it('runs one tier alone, without the checks', () => {
    expect(readPlan(['--tier=unit'])).toEqual({ tiers: ['unit'], checks: false, narrowed: false, vitest: [] })
    expect(() => readPlan(['--tier=slow'])).toThrow('no tier slow; there are unit, shared-services, own-services')
  })

  it('counts coverage over all tiers', () => {
    expect(readPlan(['--coverage'])).toEqual({
      tiers: Object.keys(TIERS),
      checks: true,
      narrowed: false,
      vitest: ['--coverage'],
    })
  })

  it('finds a named test in whichever tier it is', () => {
    expect(readPlan(['src/cards'])).toEqual({
      tiers: Object.keys(TIERS),
      checks: false,
      narrowed: true,
      vitest: ['src/cards'],
    })
  })
})
