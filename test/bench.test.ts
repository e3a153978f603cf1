import { existsSync, globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type BreakageResult, latestOf } from '../bench/break.ts'
import { BREAKAGES } from '../bench/breakages.ts'
import { type BudgetRule, mostWithin, overBudget } from '../bench/budget.ts'
import { figure, median, percentile, shown } from '../bench/figures.ts'
import { readOptions, SCENARIO_NAMES, UsageError } from '../bench/options.ts'
import { reportText, SECTIONS } from '../bench/report.ts'
import type { BenchResult } from '../bench/result.ts'
import { checkTargets, TARGETS, type Target, type TargetResult } from '../bench/targets.ts'

const read = (file: string) => readFileSync(fileURLToPath(new URL(`../${file}`, import.meta.url)), 'utf8')

describe('results of breakages', () => {
  it('keep what came of the others when one is tried again', () => {
    const came = (breakage: string, noticed: boolean) => ({ breakage, noticed }) as BreakageResult
    const [first, second, third] = BREAKAGES.map(({ name }) => name) as [string, string, string]
    const before = [came(first, true), came(third, false)]
    expect(latestOf(before, [came(third, true), came(second, true)])).toEqual([
      came(first, true),
      came(second, true),
      came(third, true),
    ])
  })
})

describe('targets', () => {
  const speed: Target = { scenario: 's', figure: 's.speed', what: 'speed', comparison: 'at least', value: 10, quick: 2 }
  const loss: Target = {
    ...speed,
    figure: 's.lost',
    comparison: 'at most',
    value: 0,
    of: 'max',
    correctness: true,
    quick: 0,
  }
  const figures = [figure('s.speed', '/s', [1, 9, 30]), figure('s.lost', '', [0, 0, 1])]
  const checked = (quick: boolean, strict: boolean) =>
    checkTargets(figures, { quick, strict }, [speed, loss]).map(({ found, met, binding }) => [found, met, binding])

  it('are held against the median, or against the worst round', () => {
    expect(checked(false, false)).toEqual([
      [9, false, false],
      [1, false, true],
    ])
  })

  it('all bind when asked for, and roughly under --quick', () => {
    expect(checked(false, true).map(([, , binding]) => binding)).toEqual([true, true])
    expect(checked(true, false)).toEqual([
      [9, true, true],
      [1, false, true],
    ])
    const { quick: _quick, ...onlyFull } = speed
    expect(checkTargets(figures, { quick: true, strict: false }, [onlyFull])[0]).toMatchObject({
      met: false,
      binding: false,
    })
  })

  it('have no result where nothing was measured', () => {
    expect(checkTargets([], { quick: false, strict: true })).toEqual([])
  })

  it('have a section of the page each', () => {
    expect(Object.keys(SECTIONS)).toEqual([...SCENARIO_NAMES])
    for (const { scenario } of TARGETS) expect(SCENARIO_NAMES).toContain(scenario)
  })
})

describe('figures', () => {
  it('are medians and values that were measured', () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3])]).toEqual([2, 2.5])
    const hundred = Array.from({ length: 100 }, (_, index) => index + 1)
    expect([0.5, 0.95, 0.99, 1].map((share) => percentile(hundred, share))).toEqual([50, 95, 99, 100])
    expect([percentile([7], 0.99), percentile([], 0.5)]).toEqual([7, Number.NaN])
  })

  it('are shown in few digits', () => {
    expect([
      shown(0.4567, 'ratio'),
      shown(12.34, 'ms'),
      shown(1234.5, '/s'),
      shown(3, ''),
      shown(Infinity, 's'),
    ]).toEqual(['0.46', '12.3 ms', '1235 /s', '3', 'never'])
  })
})

describe('the budget', () => {
  const rule: BudgetRule = { requests: 600, period: 60, burst: 10 }

  /** Arrival times of cards sent as early as the token buckets allow; `delays` are added in turn. */
  const sentBy = (buckets: number, seconds: number, delays: readonly number[]) => {
    const earliest = Array.from(
      { length: rule.burst + seconds * 10 },
      (_, nth) => Math.max(0, nth - rule.burst + 1) * 100,
    )
    return Array.from({ length: buckets }, () => earliest).flatMap((times) =>
      times.map((time, nth) => 5_000 + time + (delays[nth % delays.length] ?? 0)),
    )
  }

  it('holds for cards with any delays', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 3_000, noNaN: true }), { minLength: 1, maxLength: 50 }),
        (delays) => {
          expect(overBudget(sentBy(1, 20, delays), 5_000, rule)).toBe(0)
        },
      ),
    )
  })

  it('is seen to be exceeded by one card, and by a second bucket', () => {
    const full = sentBy(1, 20, [0])
    expect(overBudget([...full, Math.max(...full)], 5_000, rule)).toBe(1)
    expect(overBudget(sentBy(2, 20, [0]), 5_000, rule)).toBe(210)
  })

  it('of a minute counts the fullest window', () => {
    expect(mostWithin([0, 10, 60_000, 60_005, 60_010, 60_011], 60_000)).toBe(4)
    expect(mostWithin([], 60_000)).toBe(0)
  })
})

describe('the command line', () => {
  it('knows its scenarios and says which there are', () => {
    expect(readOptions(['--only', 'latency, storm', '--rounds', '3'])).toMatchObject({
      only: ['latency', 'storm'],
      rounds: 3,
    })
    expect(readOptions(['--quick'])).toMatchObject({ rounds: 1, only: SCENARIO_NAMES })
    expect(readOptions([])).toMatchObject({ rounds: 5 })
    for (const wrong of [['--only', 'speed'], ['--rounds', '0'], ['--fast'], ['storm']])
      expect(() => readOptions(wrong)).toThrow(UsageError)
  })
})

describe('docs/performance.md', () => {
  const root = fileURLToPath(new URL('..', import.meta.url))
  // Named by their date: the last one is the one that is published.
  const published = globSync('bench/results/2*.json', { cwd: root }).sort().at(-1)
  const breakages = 'bench/results/breakages.json'

  it('is what the kept result says', () => {
    expect(existsSync(`${root}/docs/performance.md`)).toBe(published !== undefined)
    if (published === undefined) return
    const result = JSON.parse(read(published)) as BenchResult
    const tryOuts = existsSync(`${root}/${breakages}`) ? (JSON.parse(read(breakages)) as BreakageResult[]) : []
    expect(read('docs/performance.md')).toBe(reportText(result, published, tryOuts))
  })

  it('says what was missed, and has a section for each scenario', () => {
    const machine = {
      cpu: 'c',
      cores: 2,
      memory: 8,
      kernel: 'k',
      node: '24',
      postgresql: '15',
      version: '1',
      commit: 'abc',
    }
    const figures = [figure('storm.unrepresented', '', [0, 3])]
    const load = { before: 0.5, after: 1 }
    const result = {
      date: '2026-01-02T03:04:05Z',
      command: 'npm run bench',
      rounds: 2,
      quick: false,
      sizes: readOptions([]).sizes,
      machine,
      scenarios: [{ name: 'storm', load, seconds: 1, figures, details: {} }],
      targets: checkTargets(figures, { quick: false, strict: false }),
    } satisfies BenchResult
    const [met, missed] = [result.targets[0], { ...result.targets[0], met: false, found: 3 }] as TargetResult[]
    const tryOut = { date: '', commit: 'abc', breakage: 'b', does: 'd', whole: met, broken: missed, noticed: true }
    const tryOuts = [tryOut, { ...tryOut, breakage: 'c', broken: undefined, noticed: false }]
    const page = reportText(result, 'bench/results/x.json', tryOuts)
    expect(page).toContain('1 of 2 were noticed')
    expect(page).toContain('| **not noticed** | c | d |')
    expect(page).toContain('1 of 1 targets are not met')
    expect(page).toContain('| **missed** | storm | events that no card stands for | 3 | at most 0 |')
    expect(page).toContain(`## ${SECTIONS.storm.title}`)
    expect(page).toContain('Load average 0.5 before and 1.0 after')
  })
})
