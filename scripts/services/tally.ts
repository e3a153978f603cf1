import { existsSync, readFileSync } from 'node:fs'
import { isObject } from '../../src/kernel/json.ts'

/** How many tests there were of each kind. */
export interface Tally {
  readonly passed: number
  readonly failed: number
  /** Tests that did not run. */
  readonly skipped: number
}

/**
 * Counts the tests of Vitest's JSON report. A file that failed before its first test counts as one failed test, and so does a
 * missing report: then Vitest itself did not finish.
 */
export function readTally(file: string): Tally {
  if (!existsSync(file)) return { passed: 0, failed: 1, skipped: 0 }
  const report: unknown = JSON.parse(readFileSync(file, 'utf8'))
  if (!isObject(report) || !Array.isArray(report.testResults)) return { passed: 0, failed: 1, skipped: 0 }
  const broken = report.testResults.filter(
    (result) => isObject(result) && result.status === 'failed' && !hasFailedTest(result.assertionResults),
  )
  const count = (key: string) => Number(report[key] ?? 0)
  return {
    passed: count('numPassedTests'),
    failed: count('numFailedTests') + broken.length,
    skipped: count('numPendingTests') + count('numTodoTests'),
  }
}

function hasFailedTest(tests: unknown): boolean {
  return Array.isArray(tests) && tests.some((test) => isObject(test) && test.status === 'failed')
}
