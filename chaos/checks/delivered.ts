import { createPromiseCheck, type PromiseResult } from '../promises.ts'
import { groupBy, type History, type NotificationRow, type SilenceRow } from './read.ts'

/**
 * Accepted ⊆ received. Each notification in a sender's answer has its row, and either the receiver answered a post of it
 * with a 2xx that reached the gateway, or its row names what it went into, and that holds in turn.
 */
export function checkDelivered(history: History): PromiseResult {
  const check = createPromiseCheck('delivered')
  const { notifications } = history
  const arrived = new Set(history.posts.filter((post) => post.taken && post.delivered).map(({ id }) => id))
  const members = groupBy(
    [...notifications.values()].filter((row) => row.digest_id),
    (row) => row.digest_id ?? '',
  )
  /** Why this row's card counts as not arrived; undefined if it arrived. */
  function complaint(row: NotificationRow): string | undefined {
    switch (row.state) {
      case 'accepted':
      case 'posted':
        return arrived.has(row.id) ? undefined : 'is recorded as accepted and was never taken'
      case 'digested': {
        const digest = notifications.get(row.digest_id ?? '')
        if (!digest) return 'is digested, and its digest does not exist'
        if (digest.channel !== row.channel) return 'went into a digest of another channel'
        const inDigest = complaint(digest)
        return inDigest && `went into digest ${digest.id}, which ${inDigest}`
      }
      case 'suppressed': {
        if (row.reason === 'muted') return undefined
        if (row.reason === 'silence' || row.reason === 'maintenance') {
          const silence = history.silences.get(row.silence_id ?? '')
          if (!silence) return 'names a silence that does not exist'
          return silences(silence, row) ? undefined : 'was kept back by a silence that does not match it'
        }
        const first = notifications.get(row.repeat_of ?? '')
        if (!first) return `is suppressed (${row.reason}), and the one that it repeats does not exist`
        if (first.channel !== row.channel || first.event_type !== row.event_type)
          return 'counts as a repeat of something else'
        if (first.correlation_id !== row.correlation_id) return 'counts as a repeat of what is about something else'
        if (first.priority_rank > row.priority_rank) return `repeats ${first.id}, which is less urgent`
        if (first.state === 'suppressed') {
          // A silence made at that very moment kept the first back, and would have kept this one back too.
          const silence = history.silences.get(first.silence_id ?? '')
          if (!silence || !isAbout(silence, row)) return `repeats ${first.id}, which was never shown`
        }
        const inFirst = complaint(first)
        return inFirst && `repeats ${first.id}, which ${inFirst}`
      }
      default:
        return `is ${row.state}${row.reason ? ` (${row.reason})` : ''}`
    }
  }

  for (const event of history.accepted) {
    check.count('events')
    for (const { id, channel } of event.notifications) {
      check.count('notifications')
      const row = notifications.get(id)
      const what = !row
        ? 'has no row'
        : row.event_id !== event.event_id || row.channel !== channel
          ? 'has the row of something else'
          : complaint(row)
      if (what) check.violation(`${id} (event ${event.key}) ${what}`)
      else check.count(row?.state === 'suppressed' ? (row.reason ?? 'suppressed') : (row?.state ?? ''))
    }
    if (event.notifications.length === 0) check.violation(`event ${event.key} was accepted for no channel`)
  }
  for (const [id, rows] of members) {
    const digest = notifications.get(id)
    const { count, earlier, more_earlier } = history.events.get(digest?.event_id ?? '')?.data ?? {}
    if (digest?.event_type === 'gateway.followup') {
      check.count('folded_follow_ups', rows.length)
      // Those that were folded into a member are among them.
      const listed = (Array.isArray(earlier) ? earlier.length : 0) + Number(more_earlier ?? 0)
      if (listed < rows.length) check.violation(`follow-up ${id} lists ${listed} others and has ${rows.length} members`)
      continue
    }
    check.count('digests')
    if (count !== rows.length) check.violation(`digest ${id} counts ${String(count)} and has ${rows.length} members`)
  }
  return check.result('notifications')
}

/** Whether a silence kept a notification back: it is about it, and did not end before it came. */
function silences(silence: SilenceRow, row: NotificationRow): boolean {
  return silence.kind === row.reason && isAbout(silence, row)
}

/** Whether a silence, of the one form that is used here, matches a notification, and did not end before it came. */
function isAbout({ matchers, ends_at }: SilenceRow, row: NotificationRow): boolean {
  const matches = matchers.every(
    ({ field, operator, value }) => field === 'event_type' && operator === '=' && value === row.event_type,
  )
  return matches && Date.parse(row.created_at) <= Date.parse(ends_at)
}
