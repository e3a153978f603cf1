import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readTally } from '../../scripts/services/tally.ts'
import { embeddedFolder } from './database.ts'

function tallyOf(report: unknown) {
  const file = join(embeddedFolder(), 'report.json')
  writeFileSync(file, JSON.stringify(report))
  return readTally(file)
}

describe('the closing line', () => {
  it('counts tests that passed, failed and did not run', () => {
    const report = { numPassedTests: 5, numFailedTests: 2, numPendingTests: 1, numTodoTests: 1 }
    const testResults = [{ status: 'failed', assertionResults: [{ status: 'passed' }, { status: 'failed' }] }]
    expect(tallyOf({ ...report, testResults })).toEqual({ passed: 5, failed: 2, skipped: 2 })
  })

  it('counts a file that broke before its first test as a failure', () => {
    const testResults = [
      { status: 'failed', assertionResults: [] },
      { status: 'passed', assertionResults: [{ status: 'passed' }] },
    ]
    expect(tallyOf({ numPassedTests: 1, numFailedTests: 0, testResults })).toEqual({ passed: 1, failed: 1, skipped: 0 })
  })

  it('counts a run without a report as a failure', () => {
    expect(readTally(join(embeddedFolder(), 'none.json'))).toEqual({ passed: 0, failed: 1, skipped: 0 })
    expect(tallyOf({})).toEqual({ passed: 0, failed: 1, skipped: 0 })
  })
})
