import { createJudge, type Judgement } from '../verdict.ts'
import { type Cut, type History, type Post, timedOut } from './read.ts'

/** Outcomes after which nobody can know whether the card arrived. */
const OPEN = new Set(['interrupted', 'timed_out', 'connection_failed', 'server_error'])
/** Milliseconds for which a dead process's last bytes may still be on their way through the kernel. */
const AFTER_DEATH = 1_000

/**
 * A card that was taken is posted again only
 *
 * - when its answer could not be known: its process was killed while the post was under way or its answer not yet
 *   recorded, the gateway was parted from its record then, or the gateway's patience ended before it had the answer;
 * - never once its attempt is recorded as accepted;
 * - marked as a repeat, and that holds for whatever may have arrived, taken or not.
 *
 * So the repeats after a kill are at most the posts that the killed process had in flight, which is checked again by counting.
 */
export function checkRepeats(history: History): Judgement {
  const judge = createJudge('repeats')
  const { facts, cuts } = history
  const kills = cuts.filter((cut) => cut.process !== undefined)
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
    judge.count('notifications')
    // By number: a turn that lost its channel just before it posted may be overtaken by its successor, whose card says so.
    const posts = [...arrivals].sort((a, b) => a.attempt - b.attempt || a.t - b.t)
    if (posts.some((post, index) => post.n < (posts[index - 1]?.n ?? 0))) judge.count('overtaken')
    const attempts = history.attemptsOf.get(id) ?? []
    for (const [index, post] of posts.entries()) {
      const earlier = posts.slice(0, index)
      const mayHaveArrived = earlier.some((one) => one.whole && (one.taken || one.status === null || one.status >= 500))
      if (mayHaveArrived && !post.repeat) judge.breaks(`post ${post.n} of ${id} may be a repeat and does not say so`)
      const reason = attempts.some((row) => row.attempt < post.attempt && OPEN.has(row.outcome))
      if (post.repeat && !reason && !history.replayed.has(id))
        judge.breaks(`post ${post.n} of ${id} says that it is a repeat, and nothing was left open before it`)
      if (post.repeat) judge.count('marked')
      const before = earlier.findLast((one) => one.taken)
      if (!before || !post.taken) continue
      judge.count('repeats')
      if (history.replayed.has(id)) continue
      if (attempts.some((row) => row.attempt === before.attempt && row.outcome === 'accepted'))
        judge.breaks(`post ${post.n} repeats ${id}, whose post ${before.n} is recorded as accepted`)
      const cut = cuts.find((one) => hit(one, before, facts.bounds.recorded))
      if (cut) repeatedAfter.set(cut, (repeatedAfter.get(cut) ?? 0) + 1)
      else if (!timedOut(history, before))
        judge.breaks(`post ${post.n} repeats ${id}, and nothing cut off its post ${before.n}`)
    }
  }
  for (const kill of kills) {
    const most = inFlight.get(kill) ?? 0
    const repeats = repeatedAfter.get(kill) ?? 0
    judge.count('kills')
    judge.count('in_flight_at_kills', most)
    judge.count('repeats_after_kills', repeats)
    if (repeats > most) judge.breaks(`${repeats} repeats after the ${kill.what}, with ${most} posts in flight`)
  }
  return judge.judgement('notifications')
}

/** Whether a cut left open what came of a post. `recorded` is how long the gateway may take to record an answer. */
function hit(cut: Cut, post: Post, recorded: number): boolean {
  if (cut.process !== undefined && cut.process !== post.via) return false
  const until = cut.process === undefined ? cut.to + recorded : cut.to + AFTER_DEATH
  return post.t <= until && cut.from <= post.answered + recorded
}
