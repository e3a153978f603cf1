import { createPromiseCheck, type PromiseResult } from '../promises.ts'
import { groupBy, type History } from './read.ts'

/**
 * The bucket: in any window of w seconds at most burst + w × rate posts of one channel arrive, from all replicas together.
 * Checked for every window, the one of 60 s among them, on the receiver's clock.
 *
 * The budget is taken when a notification is claimed, and the post arrives a little later, so that arrivals may stand closer
 * together than claims did: each window is allowed what `bounds.jitter` more of time would earn. A clock of the database that
 * jumps forward fills the bucket, because the database has no other clock: each jump may be good for one more burst.
 */
export function checkBudget(history: History): PromiseResult {
  const check = createPromiseCheck('budget')
  const { budget, bounds, clock_jumps } = history.facts
  const perMs = budget.requests / budget.period / 1000
  const burst = budget.burst * (1 + clock_jumps)
  const allowed = burst + bounds.jitter * perMs
  let fullest = 0
  for (const [channel, posts] of groupBy(history.posts, (post) => post.channel)) {
    check.count('posts', posts.length)
    const times = posts.map(({ t }) => t)
    // With f(k) = k - rate × t, a window from i to j holds more than it may where f(j) - f(i) + 1 is more than allowed.
    let lowest = { f: Number.POSITIVE_INFINITY, index: 0 }
    for (const [index, t] of times.entries()) {
      const f = index - perMs * t
      if (f < lowest.f) lowest = { f, index }
      if (f - lowest.f + 1 > allowed + 1e-6) {
        const windowMs = t - (times[lowest.index] ?? t)
        check.violation(
          `${index - lowest.index + 1} posts to ${channel} in ${windowMs} ms, where ${(burst + windowMs * perMs).toFixed(1)} may be`,
        )
      }
    }
    fullest = Math.max(fullest, mostIn(times, 60_000))
  }
  check.count('most_in_60_s', fullest)
  check.count('allowed_in_60_s', Math.floor(burst + 60_000 * perMs))
  return check.result('posts')
}

function mostIn(times: readonly number[], windowMs: number): number {
  let most = 0
  for (let from = 0, to = 0; to < times.length; to++) {
    while ((times[to] ?? 0) - (times[from] ?? 0) > windowMs) from += 1
    most = Math.max(most, to - from + 1)
  }
  return most
}
