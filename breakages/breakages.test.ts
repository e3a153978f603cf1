import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { BREAKAGES as BENCH } from '../bench/breakages.ts'
import { TARGETS } from '../bench/targets.ts'
import { BREAKAGES as CHAOS } from '../chaos/breakages.ts'
import { PROMISE_NAMES } from '../chaos/promises.ts'
import { SCENARIOS } from '../chaos/scenarios.ts'
import { BREAKAGES as FUZZ } from '../fuzz/breakages.ts'
import { TARGET_NAMES } from '../fuzz/targets/table.ts'
import { type Breakage, breakagesNamed, changedFiles, UnknownBreakage } from './breakage.ts'

const read = (file: string) => readFileSync(fileURLToPath(new URL(`../${file}`, import.meta.url)), 'utf8')

const TABLES: readonly { readonly tool: string; readonly breakages: readonly Breakage[] }[] = [
  { tool: 'bench', breakages: BENCH },
  { tool: 'chaos', breakages: CHAOS },
  { tool: 'fuzz', breakages: FUZZ },
]

describe.each(TABLES)('breakages of $tool', ({ breakages }) => {
  it.each(breakages)('$name: finds each of its texts in the source exactly once, and changes it', (breakage) => {
    const files = changedFiles(breakage, read)
    expect(files.size).toBeGreaterThan(0)
    for (const [file, text] of files) expect(text).not.toBe(read(file))
  })

  it('have a name each', () => {
    expect(new Set(breakages.map(({ name }) => name)).size).toBe(breakages.length)
  })
})

describe('a breakage', () => {
  const breakage = { name: 'x lost', changes: [{ file: 'f.ts', find: 'x', replace: 'y' }] }

  it('is refused where its text is gone, or there twice', () => {
    expect(changedFiles(breakage, () => 'axb')).toEqual(new Map([['f.ts', 'ayb']]))
    expect(() => changedFiles(breakage, () => 'ab')).toThrow('0 times in f.ts')
    expect(() => changedFiles(breakage, () => 'axbx')).toThrow('2 times in f.ts')
  })

  it('changes what the change before it left in the same file', () => {
    const changes = [...breakage.changes, { file: 'f.ts', find: 'y', replace: 'z' }]
    expect(changedFiles({ ...breakage, changes }, () => 'axb')).toEqual(new Map([['f.ts', 'azb']]))
  })

  it('is found by name, with all others by "all", and not by an unknown name', () => {
    expect(breakagesNamed(BENCH, 'all')).toEqual(BENCH)
    expect(breakagesNamed(BENCH, 'posted twice').map(({ name }) => name)).toEqual(['posted twice'])
    expect(() => breakagesNamed(BENCH, 'posted thrice')).toThrow(UnknownBreakage)
  })
})

describe('breakages of bench', () => {
  it('each make one target missed that their scenario measures', () => {
    for (const { scenario, figure } of BENCH)
      expect(TARGETS.filter((target) => target.figure === figure && target.scenario === scenario)).toHaveLength(1)
  })

  it('are there for every target, except targets that repeat one of another scenario', () => {
    const broken = new Set(BENCH.map((breakage) => breakage.figure))
    const same = /\.(lost|peak_memory|cpu_ratio)$/
    expect(TARGETS.filter((target) => !broken.has(target.figure) && !same.test(target.figure))).toEqual([])
  })
})

describe('breakages of chaos', () => {
  it.each(CHAOS)('$name: names a scenario of the short form that checks its promise', (breakage) => {
    const scenario = SCENARIOS.find(({ name }) => name === breakage.scenario)
    expect(scenario?.short).toBe(true)
    expect(scenario?.promises).toContain(breakage.promise)
  })

  it('are there for every promise', () => {
    expect(PROMISE_NAMES.filter((name) => !CHAOS.some(({ promise }) => promise === name))).toEqual([])
  })
})

describe('breakages of fuzz', () => {
  it('are there for every target', () => {
    expect(new Set(FUZZ.map(({ target }) => target))).toEqual(new Set(TARGET_NAMES))
  })
})
