import { createJudge, type Judgement } from '../verdict.ts'
import type { History } from './read.ts'

/** After the last fault everything that was accepted arrives within `bounds.settled`. */
export function checkRecovery(history: History): Judgement {
  const judge = createJudge('recovery')
  const calm = history.deeds.find(({ deed }) => deed === 'calm')?.t
  const settled = history.deeds.find((line) => line.deed === 'settled')
  if (calm === undefined || settled?.deed !== 'settled') {
    judge.breaks('the history does not say when the faults ended')
    return judge.judgement()
  }
  if (settled.waiting !== 0) judge.breaks(`${settled.waiting} notifications still waited when the runner gave up`)
  const firstTaken = new Map<string, number>()
  for (const post of history.posts)
    if (post.taken && post.delivered && !firstTaken.has(post.id)) firstTaken.set(post.id, post.answered)
  let last = calm
  for (const event of history.accepted)
    for (const { id } of event.notifications) {
      const row = history.notifications.get(id)
      const t = firstTaken.get(row?.digest_id ?? row?.repeat_of ?? id)
      // Whatever has not arrived at all, and need not, is told apart by the promise of delivery.
      if (t === undefined) continue
      judge.count('notifications')
      if (t > calm) judge.count('after_the_faults')
      last = Math.max(last, t)
      if (t - calm > history.facts.bounds.settled) judge.breaks(`${id} arrived ${t - calm} ms after the last fault`)
    }
  judge.count('last_after_ms', last - calm)
  return judge.judgement('notifications')
}
