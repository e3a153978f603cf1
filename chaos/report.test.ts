import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { reliabilityPage } from './report.ts'
import { SCENARIOS } from './scenarios.ts'
import type { BreakageSummary, Summary } from './summary.ts'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const read = (path: string) => readFileSync(at(path), 'utf8')
const published = existsSync(at('results/verdict.json'))

it('has a page where there is a published run, and only there', () => {
  expect(existsSync(at('../docs/reliability.md'))).toBe(published)
})

if (published)
  describe('docs/reliability.md', () => {
    const summary = JSON.parse(read('results/verdict.json')) as Summary
    const breakages = JSON.parse(read('results/breakages.json')) as BreakageSummary

    it('is written from the JSON of the published run', () => {
      expect(read('../docs/reliability.md')).toBe(reliabilityPage(summary, breakages))
    })

    it('is of a whole run', () => {
      expect(summary.form).toBe('full')
      const told = [...summary.verdicts, ...summary.not_played].map(({ scenario }) => scenario)
      expect(told.sort()).toEqual(SCENARIOS.map(({ name }) => name).sort())
    })

    it('says so where a promise was not held', () => {
      const [first, ...rest] = summary.verdicts
      if (!first) throw new Error('the published run has no verdicts')
      const judgements = first.judgements.map((judgement) => ({ ...judgement, held: false, broken: 1 }))
      const page = reliabilityPage(
        { ...summary, held: false, verdicts: [{ ...first, held: false, judgements }, ...rest] },
        undefined,
      )
      expect(page).toContain('NOT every promise was held')
      expect(page).toContain(`**broken:** ${judgements.map(({ promise }) => promise).join(', ')}`)
    })
  })
