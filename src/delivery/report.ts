import { OUTCOMES } from '../contract/outcomes.ts'
import type { Log } from '../kernel/log.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { ChannelState } from '../store/claim.ts'
import type { AttemptRecord } from '../store/record.ts'
import { isInternal } from '../transports/outcome.ts'
import type { Attempt } from './attempt.ts'

/** Logs and counts the attempts that a step recorded, once its transaction is committed. */
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
  if (before.breaker !== after.breaker) reportBreaker(context.log, channel, after, attempts)
  for (const [index, attemptRecord] of attemptRecords.entries()) {
    const attempt = attempts[index]
    if (attempt) reportAttempt(context, channel, attempt, attemptRecord.state, lost.has(attemptRecord.id))
  }
}

/** Logs that a channel's breaker opened, with the last failure among the attempts, or closed. */
function reportBreaker(log: Log, channel: string, state: ChannelState, attempts: readonly Attempt[]): void {
  const opened = attempts.findLast(
    ({ outcome: { name } }) => !isInternal(name) && ['channel', 'retry'].includes(OUTCOMES[name].consequence),
  )
  const correlation_ids = attempts.map((attempt) => attempt.notification.event.correlationId)
  if (state.breaker === 'open')
    log.write('channel_breaker_opened', {
      channel,
      correlation_ids,
      rests_until: state.pausedUntil,
      reason: opened?.outcome.message,
    })
  else if (state.breaker === 'closed') log.write('channel_breaker_closed', { channel, correlation_ids })
}

/** Logs and counts one attempt. `lost` is true where another turn has taken the notification over. */
function reportAttempt(
  { log, metrics }: { readonly log: Log; readonly metrics: Metrics },
  channel: string,
  attempt: Attempt,
  state: string,
  lost: boolean,
): void {
  const { event, id } = attempt.notification
  const outcome = attempt.outcome.name
  const line = {
    correlation_id: event.correlationId,
    notification_id: id,
    channel,
    event_type: event.eventType,
    priority: event.priority,
    attempt: attempt.notification.attempt,
    outcome,
    ...(attempt.outcome.statusCode === undefined ? {} : { status: attempt.outcome.statusCode }),
  }
  if (attempt.posted)
    metrics.observe(
      'teams_notification_send_duration_seconds',
      { channel, outcome },
      (attempt.finishedAt.getTime() - attempt.startedAt.getTime()) / 1000,
    )
  if (lost) log.write('notification_taken_over', line)
  else if (state === 'accepted') {
    metrics.count('teams_notifications_sent_total', { channel, event_type: event.eventType, priority: event.priority })
    metrics.observe(
      'teams_notification_wait_seconds',
      { priority: event.priority },
      Math.max(0, attempt.finishedAt.getTime() - event.acceptedAt.getTime()) / 1000,
    )
    log.write('notification_sent', line)
  } else if (state === 'failed') {
    metrics.count('teams_notifications_failed_total', { channel, outcome })
    log.write('notification_failed', { ...line, reason: attempt.outcome.message })
  } else {
    metrics.count('teams_notification_retries_total', { channel, outcome })
    log.write('notification_retry_scheduled', { ...line, reason: attempt.outcome.message })
  }
}
