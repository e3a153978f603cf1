import { createPromiseCheck, type PromiseResult } from '../promises.ts'
import { groupBy, type History, type NotificationRow } from './read.ts'

/** A notification's place in the queue. */
interface Place {
  readonly id: string
  readonly rank: number
  readonly created: number
}

interface Claim extends Place {
  readonly t: number
}

interface Wait extends Place {
  readonly from: number
  readonly to: number
}

/**
 * Nothing is claimed while something more urgent waits in the same channel.
 *
 * A notification waits from the moment at which its sender had the answer (so it was committed) to its first attempt, or to
 * the digest that took it up; and again from the moment at which an interrupted attempt was put back to the next attempt.
 * The wait before a retry is left out, because the row has only the last of them, and so are scenarios whose receiver
 * fails: a probe of a resting channel takes turns, as it should. In a storm, what is MEDIUM or below and came after the last
 * round of digests waits for the next one while older notifications go on, by design: so in a channel with digests, those are
 * compared only with later notifications. CRITICAL and HIGH are compared with all. An attempt's row has its start time, which is a
 * little after it was claimed: `bounds.claimed` is taken off both ends of a wait.
 */
export function checkOrder(history: History): PromiseResult {
  const check = createPromiseCheck('order')
  const margin = history.facts.bounds.claimed
  const waits = groupBy(allWaits(history), ({ id }) => history.notifications.get(id)?.channel ?? '')
  const claims = groupBy(
    [...history.attemptsOf].flatMap(([id, rows]) =>
      rows.map((row) => ({ ...placeOf(history, id), t: Date.parse(row.started_at) })),
    ),
    ({ id }) => history.notifications.get(id)?.channel ?? '',
  )
  const stormy = new Set(
    [...history.notifications.values()].filter((row) => row.digest_id).map(({ channel }) => channel),
  )
  for (const [channel, waiting] of waits) {
    const inOrder = (claims.get(channel) ?? []).sort((a, b) => a.t - b.t)
    check.count('claims', inOrder.length)
    for (const wait of waiting) {
      check.count('waits')
      const [from, to] = [wait.from + margin, wait.to - margin]
      if (from >= to) continue
      check.count('long_waits')
      const late = (claim: Claim) => wait.rank >= 2 && stormy.has(channel) && claim.created < wait.created
      const wrong = inOrder
        .slice(firstAfter(inOrder, from))
        .find((claim) => claim.t >= to || (claim.rank > wait.rank && !late(claim)))
      if (wrong && wrong.t < to)
        check.violation(
          `${wrong.id} (rank ${wrong.rank}) was claimed in ${channel} ${Math.round(wrong.t - wait.from)} ms after ${wait.id} (rank ${wait.rank}) began to wait, which went ${Math.round(wait.to - wrong.t)} ms later`,
        )
    }
  }
  // Whether anything waits for long elsewhere depends on how slow the machine is.
  const made = history.facts.name === 'urgent-first' ? ['long_waits'] : []
  return check.result('waits', 'claims', ...made)
}

function allWaits(history: History): Wait[] {
  const waits: Wait[] = []
  for (const event of history.accepted)
    for (const { id } of event.notifications) {
      const row = history.notifications.get(id)
      if (row) waits.push(...waitsOf(history, row, event.t))
    }
  return waits
}

function waitsOf(history: History, row: NotificationRow, accepted: number): Wait[] {
  const { id } = row
  const place = placeOf(history, id)
  const attempts = history.attemptsOf.get(id) ?? []
  const digest = history.notifications.get(row.digest_id ?? '')
  const starts = attempts.map((attempt) => Date.parse(attempt.started_at))
  const first = starts[0] ?? (digest && Date.parse(digest.created_at))
  if (first === undefined) return []
  return [
    { ...place, from: accepted, to: first },
    ...attempts.flatMap((attempt, index) => {
      const next = starts[index + 1]
      if (attempt.outcome !== 'interrupted' || next === undefined) return []
      return [{ ...place, from: Date.parse(attempt.finished_at), to: next }]
    }),
  ]
}

function placeOf(history: History, id: string): Place {
  const row = history.notifications.get(id)
  return { id, rank: row?.priority_rank ?? 0, created: Date.parse(row?.created_at ?? '') }
}

function firstAfter(claims: readonly { readonly t: number }[], t: number): number {
  let [low, high] = [0, claims.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((claims[middle]?.t ?? 0) > t) high = middle
    else low = middle + 1
  }
  return low
}
