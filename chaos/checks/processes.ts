import { createPromiseCheck, type PromiseResult } from '../promises.ts'
import type { History } from './read.ts'

/** No process ends unless it got a signal, and after SIGTERM it ends with exit code 0. */
export function checkProcesses(history: History): PromiseResult {
  const check = createPromiseCheck('processes')
  for (const line of history.timeline) {
    if (line.kind === 'started') check.count('starts')
    if (line.kind !== 'exited') continue
    check.count('ends')
    if (line.asked === null) check.violation(`${line.process} ended by itself with ${line.code ?? line.signal}`)
    else if (line.asked === 'SIGTERM' && line.code !== 0)
      check.violation(`${line.process} was asked to end and ended with ${line.code ?? line.signal}`)
  }
  return check.result('starts', 'ends')
}
