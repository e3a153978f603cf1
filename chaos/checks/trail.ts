import { createPromiseCheck, type PromiseResult } from '../promises.ts'
import type { History } from './read.ts'

/**
 * `audit verify` found the trail intact, after all faults, in the database that they left: each row follows from entries,
 * each entry has its row, and the tree is that of its checkpoints.
 */
export function checkTrail({ verification }: History): PromiseResult {
  const check = createPromiseCheck('trail')
  if (verification === undefined) {
    check.violation('the history does not say what "audit verify" found')
    return check.result()
  }
  const { code, printed, result } = verification
  if (result === undefined) check.violation(`"audit verify" ended with ${code} and said: ${printed.slice(0, 500)}`)
  for (const { entries } of result?.origins ?? []) check.count('entries', entries)
  for (const finding of result?.findings ?? []) check.violation(JSON.stringify(finding))
  if (result?.intact === true && code !== 0)
    check.violation(`"audit verify" found the trail intact and ended with ${code}`)
  return check.result('entries')
}
