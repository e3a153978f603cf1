import { OUTCOMES } from '../contract/outcomes.ts'
import type { Log } from '../kernel/log.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { ChannelState } from '../store/claim.ts'
import type { AttemptRecord } from '../store/record.ts'
import { isOwn } from '../transports/outcome.ts'
import type { Attempt } from './attempt.ts'

/** Logs and counts what a step recorded, once it is committed. */
export function reportRecorded(
  context: { readonly log: Log; readonly metrics: Metrics },
  channel: string,
  recorded: {
    readonly attempts: readonly Attempt[]
    readonly attemptRecords: readonly AttemptRecord[]
    /** Ids of the notifications that another turn has taken over. */
    readonly lost: ReadonlySet<string>
    readonly before: ChannelState
    readonly after: ChannelState
  },
): void {
  const { attempts, attemptRecords, lost, before, after } = recorded
  if (before.breaker !== after.breaker) tellBreaker(context.log, channel, after, attempts)
  for (const [index, attemptRecord] of attemptRecords.entries()) {
    const attempt = attempts[index]
    if (attempt) tellAttempt(context, channel, attempt, attemptRecord.state, lost.has(attemptRecord.id))
  }
}

/** Logs that a channel's breaker opened, with the last failure among the attempts, or closed. */
function tellBreaker(log: Log, channel: string, state: ChannelState, attempts: readonly Attempt[]): void {
  const opened = attempts.findLast(
    ({ outcome: { name } }) => !isOwn(name) && ['channel', 'retry'].includes(OUTCOMES[name].consequence),
  )
  const correlation_ids = attempts.map((attempt) => attempt.held.event.correlationId)
  if (state.breaker === 'open')
    log.error(
      { channel, correlation_ids, rests_until: state.pausedUntil, reason: opened?.outcome.message },
      'channel breaker opened; notifications wait until rests_until, then one probe is sent',
    )
  else if (state.breaker === 'closed') log.info({ channel, correlation_ids }, 'channel breaker closed; sending resumes')
}

/** Logs and counts what one attempt came to. `lost` is true where another turn has taken the notification over. */
function tellAttempt(
  { log, metrics }: { readonly log: Log; readonly metrics: Metrics },
  channel: string,
  attempt: Attempt,
  state: string,
  lost: boolean,
): void {
  const { event, id } = attempt.held
  const outcome = attempt.outcome.name
  const line = {
    correlation_id: event.correlationId,
    notification_id: id,
    channel,
    event_type: event.eventType,
    priority: event.priority,
    attempt: attempt.held.attempt,
    outcome,
    ...(attempt.outcome.statusCode === undefined ? {} : { status: attempt.outcome.statusCode }),
  }
  if (attempt.posted)
    metrics.observe(
      'teams_notification_send_duration_seconds',
      { channel, outcome },
      (attempt.finishedAt.getTime() - attempt.startedAt.getTime()) / 1000,
    )
  if (lost) log.warn(line, 'another turn took this notification over; this attempt is recorded, the other turn decides')
  else if (state === 'accepted') {
    metrics.count('teams_notifications_sent_total', { channel, event_type: event.eventType, priority: event.priority })
    metrics.observe(
      'teams_notification_wait_seconds',
      { priority: event.priority },
      Math.max(0, attempt.finishedAt.getTime() - event.acceptedAt.getTime()) / 1000,
    )
    log.info(line, 'Teams notification sent successfully')
  } else if (state === 'failed') {
    metrics.count('teams_notifications_failed_total', { channel, outcome })
    log.error({ ...line, reason: attempt.outcome.message }, 'Teams notification failed; it is kept and can be replayed')
  } else {
    metrics.count('teams_notification_retries_total', { channel, outcome })
    log.warn({ ...line, reason: attempt.outcome.message }, 'Teams notification not taken; it waits')
  }
}
