import { createJudge, type Judgement } from '../verdict.ts'
import type { History } from './read.ts'

/** No process of ours ends unless it was told to, and then with exit code 0 unless it was killed. */
export function checkProcesses(history: History): Judgement {
  const judge = createJudge('processes')
  for (const line of history.deeds) {
    if (line.deed === 'started') judge.count('starts')
    if (line.deed !== 'exited') continue
    judge.count('ends')
    if (line.asked === null) judge.breaks(`${line.process} ended by itself with ${line.code ?? line.signal}`)
    else if (line.asked === 'SIGTERM' && line.code !== 0)
      judge.breaks(`${line.process} was asked to end and ended with ${line.code ?? line.signal}`)
  }
  return judge.judgement('starts', 'ends')
}
