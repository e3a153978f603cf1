import { createPromiseCheck, type PromiseResult } from '../promises.ts'
import { AFTER_DEATH, type Cut, type History, hit, type Post, timedOut } from './read.ts'

/** Outcomes that leave it unknown whether the card arrived. */
const OPEN = new Set(['interrupted', 'timed_out', 'connection_failed', 'server_error'])
/** What a process that was held up handed back after another one had taken over, which could not know that. */
const LATE = 'handed_back'

/**
 * A card that was taken is posted again only
 *
 * - when its answer could not be known: its process was killed while the post was in flight or its answer not yet
 *   recorded, the gateway was separated from its database then, or the gateway's time-out ended before it had the answer;
 * - never once its attempt is recorded as accepted, which a process that was held up, or separated from its database, does late;
 * - marked as a repeat, and so is every post after one that may have arrived, taken or not.
 *
 * And a process that was held up, so that another one took over, posts nothing that the other has posted meanwhile: what it
 * had not begun it hands back.
 *
 * So the repeats after a kill are at most the posts that the killed process had in flight, which is checked again by counting.
 */
export function checkRepeats(history: History): PromiseResult {
  const check = createPromiseCheck('repeats')
  const { facts, cuts } = history
  const kills = cuts.filter(({ ended }) => ended)
  const holdUps = cuts.filter((cut) => !cut.ended)
  // The last that hit it: until then nothing of it can have been recorded.
  const heldUp = (post: Post) => holdUps.findLast((cut) => hit(cut, post, facts.bounds.recorded))
  const recorded = (post: Post) =>
    (history.attemptsOf.get(post.id) ?? []).some((row) => row.attempt === post.attempt && !OPEN.has(row.outcome))
  const inFlight = new Map(
    kills.map((kill) => [
      kill,
      history.posts.filter((post) => hit(kill, post, facts.bounds.recorded) && !recorded(post)).length,
    ]),
  )
  const repeatedAfter = new Map<Cut, number>()

  for (const [id, arrivals] of history.postsOf) {
    check.count('notifications')
    // By number: a turn that lost its channel just before it posted may be overtaken by its successor, whose card says so.
    const posts = [...arrivals].sort((a, b) => a.attempt - b.attempt || a.t - b.t)
    if (posts.some((post, index) => post.n < (posts[index - 1]?.n ?? 0))) check.count('overtaken')
    const attempts = history.attemptsOf.get(id) ?? []
    for (const [index, post] of posts.entries()) {
      const earlier = posts.slice(0, index)
      const overtaking = posts.find(({ attempt, t }) => attempt > post.attempt && t + AFTER_DEATH < post.t)
      if (overtaking && heldUp(post)?.process !== undefined)
        check.violation(
          `post ${post.n} of ${id} was held up and sent, though post ${overtaking.n} had been sent meanwhile`,
        )
      const mayHaveArrived = earlier.some((one) => one.whole && (one.taken || one.status === null || one.status >= 500))
      if (mayHaveArrived && !post.repeat) check.violation(`post ${post.n} of ${id} may be a repeat and does not say so`)
      const open = ({ outcome }: { readonly outcome: string }) => OPEN.has(outcome) || outcome === LATE
      const reason = attempts.some((row) => row.attempt < post.attempt && open(row)) || earlier.some(heldUp)
      if (post.repeat && !reason && !history.replayed.has(id))
        check.violation(`post ${post.n} of ${id} says that it is a repeat, and nothing was left open before it`)
      if (post.repeat) check.count('marked')
      const before = earlier.findLast((one) => one.taken)
      if (!before || !post.taken) continue
      check.count('repeats')
      if (history.replayed.has(id)) continue
      const known = post.t > (heldUp(before)?.to ?? Number.NEGATIVE_INFINITY) + facts.bounds.recorded
      if (known && attempts.some((row) => row.attempt === before.attempt && row.outcome === 'accepted'))
        check.violation(`post ${post.n} repeats ${id}, whose post ${before.n} is recorded as accepted`)
      const cut = cuts.find((one) => hit(one, before, facts.bounds.recorded))
      if (cut) repeatedAfter.set(cut, (repeatedAfter.get(cut) ?? 0) + 1)
      else if (!timedOut(history, before))
        check.violation(`post ${post.n} repeats ${id}, and nothing cut off its post ${before.n}`)
    }
  }
  for (const kill of kills) {
    const most = inFlight.get(kill) ?? 0
    const repeats = repeatedAfter.get(kill) ?? 0
    check.count('kills')
    check.count('in_flight_at_kills', most)
    check.count('repeats_after_kills', repeats)
    if (repeats > most) check.violation(`${repeats} repeats after the ${kill.what}, with ${most} posts in flight`)
  }
  return check.result('notifications')
}
