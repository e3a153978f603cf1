import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { reliabilityPage } from './report.ts'
import { SCENARIOS } from './scenarios.ts'
import type { BreakageSummary, Summary } from './summary.ts'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const read = (path: string) => readFileSync(at(path), 'utf8')
const published = existsSync(at('results/run.json'))

it('has a page where there is a published run, and only there', () => {
  expect(existsSync(at('../docs/reliability.md'))).toBe(published)
})

if (published)
  describe('docs/reliability.md', () => {
    const summary = JSON.parse(read('results/run.json')) as Summary
    const breakages = JSON.parse(read('results/breakages.json')) as BreakageSummary

    it('is written from the JSON of the published run', () => {
      expect(read('../docs/reliability.md')).toBe(reliabilityPage(summary, breakages))
    })

    it('is of a whole run', () => {
      expect(summary.form).toBe('full')
      const named = [...summary.scenarios, ...summary.not_played].map(({ scenario }) => scenario)
      expect(named.sort()).toEqual(SCENARIOS.map(({ name }) => name).sort())
    })

    it('says so where a promise was not held', () => {
      const [first, ...rest] = summary.scenarios
      if (!first) throw new Error('the published run has no scenarios')
      const promises = first.promises.map((result) => ({ ...result, held: false, violations: 1 }))
      const page = reliabilityPage(
        { ...summary, held: false, scenarios: [{ ...first, held: false, promises }, ...rest] },
        undefined,
      )
      expect(page).toContain('NOT every promise was held')
      expect(page).toContain(`**broken:** ${promises.map(({ promise }) => promise).join(', ')}`)
    })
  })
