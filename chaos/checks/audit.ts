import { createPromiseCheck, type PromiseCheck, type PromiseResult } from '../promises.ts'
import { groupBy, type History, hit, type Post, timedOut } from './read.ts'

/**
 * The database and the receiver's log agree: each answered post has an attempt row with its number and the same status; or
 * that it was cut off, but only where the process that posted it ended before it can have recorded the answer, or while it could
 * not reach its record; each row with a status has its post; each accepted notification has the row that says so; and an
 * event that was handed over several times with one key is stored once.
 */
export function checkAudit(history: History): PromiseResult {
  const check = createPromiseCheck('audit')
  checkPosts(history, check)
  checkRows(history, check)
  checkEvents(history, check)
  return check.result('posts', 'attempts')
}

function checkPosts(history: History, check: PromiseCheck): void {
  for (const post of history.posts) {
    check.count('posts')
    const name = `post ${post.n} of ${post.id} (attempt ${post.attempt}, answered ${post.status ?? 'with nothing'})`
    const row = history.notifications.get(post.id)
    if (!row) {
      check.violation(`${name} is of no notification`)
      continue
    }
    if (row.channel !== post.channel) check.violation(`${name} went to ${post.channel} and belongs to ${row.channel}`)
    if (row.correlation_id !== post.correlation_id) check.violation(`${name} has another correlation id than its row`)
    if (!post.whole && post.how !== 'reset_before' && post.how !== 'sender_gone')
      check.violation(`${name} had no valid signature, or no card`)
    const rows = (history.attemptsOf.get(post.id) ?? []).filter(({ attempt }) => attempt === post.attempt)
    if (rows.length === 0) {
      check.violation(`${name} has no attempt row`)
      continue
    }
    const matches = rows.some(({ outcome, status_code }) => {
      if (outcome === 'interrupted') return endedBeforeItRecorded(history, post)
      if (post.status !== null && post.delivered && status_code === post.status)
        return (outcome === 'accepted') === post.taken
      // The answer never came, or only after the gateway's time-out.
      return (post.status === null || !post.delivered || timedOut(history, post)) && status_code === null
    })
    if (!matches)
      check.violation(
        `${name} is recorded as ${rows.map((one) => `${one.outcome} ${one.status_code ?? ''}`).join(', ')}`,
      )
  }
}

/** Whether the process that posted ended before it can have recorded the answer, or while its record was out of its reach. */
function endedBeforeItRecorded({ cuts, facts }: History, post: Post): boolean {
  const { recorded } = facts.bounds
  const ends = cuts.filter(({ ended, process }) => ended && (post.via === '' || process === post.via))
  if (ends.some((end) => hit(end, post, recorded))) return true
  const away = cuts.filter((cut) => !cut.ended && hit(cut, post, recorded))
  return away.some(({ to }) => ends.some((end) => end.to >= post.answered && end.from <= to + recorded))
}

function checkRows(history: History, check: PromiseCheck): void {
  for (const [id, rows] of history.attemptsOf)
    for (const row of rows) {
      check.count('attempts')
      check.count(`attempts_${row.outcome}`)
      if (row.status_code === null && row.outcome !== 'accepted') continue
      const posts = (history.postsOf.get(id) ?? []).filter(({ attempt }) => attempt === row.attempt)
      const seen = posts.some(
        ({ status, taken }) => status === row.status_code && (taken || row.outcome !== 'accepted'),
      )
      if (!seen)
        check.violation(
          `attempt ${row.attempt} of ${id} is recorded as ${row.outcome} ${row.status_code}, and the receiver has no such answer`,
        )
    }
  for (const row of history.notifications.values()) {
    if (row.state !== 'accepted') continue
    const accepted = (history.attemptsOf.get(row.id) ?? []).some(({ outcome }) => outcome === 'accepted')
    if (!accepted) check.violation(`${row.id} is accepted, and none of its attempts was`)
    if (row.sent_at === null || row.status_code === null || row.status_code < 200 || row.status_code > 299)
      check.violation(`${row.id} is accepted, with sent_at ${row.sent_at} and status ${row.status_code}`)
  }
}

function checkEvents(history: History, check: PromiseCheck): void {
  const handedOver = groupBy(history.accepted, (line) => line.correlation_id)
  const stored = groupBy([...history.events.values()], (row) => row.correlation_id)
  for (const [correlation, lines] of handedOver) {
    const events = stored.get(correlation) ?? []
    const own = events.filter((event) => event.origin !== 'gateway')
    for (const line of lines)
      if (!events.some(({ id }) => id === line.event_id)) check.violation(`event ${line.key} is not stored`)
    // An event that was given up may have been accepted without an answer.
    if (own.length > lines.length && history.givenUp === 0)
      check.violation(`${own.length} events are stored for ${correlation}, and ${lines.length} were handed over`)
  }
}
