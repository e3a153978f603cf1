import { createPromiseCheck, type PromiseResult } from '../promises.ts'
import type { History } from './read.ts'

/** After the last fault everything that was accepted arrives within `bounds.settled`. */
export function checkRecovery(history: History): PromiseResult {
  const check = createPromiseCheck('recovery')
  const calm = history.timeline.find(({ kind }) => kind === 'calm')?.t
  const settled = history.timeline.find((line) => line.kind === 'settled')
  if (calm === undefined || settled?.kind !== 'settled') {
    check.violation('the history does not say when the faults ended')
    return check.result()
  }
  if (settled.waiting !== 0) check.violation(`${settled.waiting} notifications still waited when the runner gave up`)
  const firstTaken = new Map<string, number>()
  for (const post of history.posts)
    if (post.taken && post.delivered && !firstTaken.has(post.id)) firstTaken.set(post.id, post.answered)
  let last = calm
  for (const event of history.accepted)
    for (const { id } of event.notifications) {
      const row = history.notifications.get(id)
      const t = firstTaken.get(row?.digest_id ?? row?.repeat_of ?? id)
      // The check of delivery reports notifications that have not arrived at all.
      if (t === undefined) continue
      check.count('notifications')
      if (t > calm) check.count('after_the_faults')
      last = Math.max(last, t)
      if (t - calm > history.facts.bounds.settled) check.violation(`${id} arrived ${t - calm} ms after the last fault`)
    }
  check.count('last_after_ms', last - calm)
  return check.result('notifications')
}
