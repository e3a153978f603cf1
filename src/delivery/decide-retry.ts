import { OUTCOMES } from '../contract/outcomes.ts'
import type { AttemptRecord } from '../store/record.ts'
import type { Outcome } from '../transports/transport.ts'
import type { Attempt } from './attempt.ts'

/** What follows from an outcome for the notification, as opposed to its channel. */
export interface RetryDecision {
  readonly state: 'accepted' | 'pending' | 'failed'
  readonly reason: string | null
  /** Milliseconds until the notification is due again; 0 where it does not wait, or waits only for its channel. */
  readonly delayMs: number
  /** True where the outcome uses up one of the notification's retries. */
  readonly failed: boolean
  /** True where the card may have arrived although the attempt failed, so that the next post may be a repeat. */
  readonly mayHaveArrived: boolean
}

/** Settings of retries. `backoff` returns the wait before retry n, in milliseconds. */
export interface RetryRules {
  readonly maxRetries: number
  readonly backoff: (retry: number) => number
}

/**
 * Decides whether a notification is accepted, failed, or tried again.
 *
 * While the channel's breaker is open the fault is the channel's, and no retry is used up: an hour of outage fails no
 * notification.
 *
 * @param failures failures of the notification before this attempt
 * @param channelRests true where the channel's breaker is open
 */
export function decideRetry(
  outcome: Outcome,
  failures: number,
  channelRests: boolean,
  rules: RetryRules,
): RetryDecision {
  const { mayHaveArrived = false } = outcome
  const waits = { state: 'pending', reason: outcome.name, delayMs: 0, failed: false, mayHaveArrived } as const
  switch (OUTCOMES[outcome.name].consequence) {
    case 'accepted':
      return { state: 'accepted', reason: null, delayMs: 0, failed: false, mayHaveArrived: false }
    case 'failed':
      return { state: 'failed', reason: outcome.name, delayMs: 0, failed: false, mayHaveArrived: false }
    case 'pause':
    case 'channel':
      return waits
    case 'retry': {
      if (channelRests || outcome.name === 'handed_back' || outcome.name === 'interrupted') return waits
      const used = failures + 1
      if (used > rules.maxRetries) return { ...waits, state: 'failed', reason: 'retries_exhausted', failed: true }
      return { ...waits, failed: true, delayMs: Math.max(rules.backoff(used), outcome.retryAfterMs ?? 0) }
    }
  }
}

/** Makes the record of a finished attempt: its outcome, and what follows for its notification. */
export function toAttemptRecord(attempt: Attempt, channelRests: boolean, rules: RetryRules): AttemptRecord {
  const { notification, outcome } = attempt
  const decision = decideRetry(outcome, notification.failures, channelRests, rules)
  return {
    id: notification.id,
    createdAt: notification.createdAt,
    state: decision.state,
    reason: decision.reason,
    delayMs: decision.delayMs,
    failed: decision.failed,
    mayHaveArrived: decision.mayHaveArrived,
    posted: attempt.posted,
    webhookUrl: attempt.destination?.recordedAddress ?? null,
    cardJson: attempt.cardJson,
    statusCode: recordable(outcome.statusCode),
    errorCode: outcome.errorCode ?? null,
    message: outcome.message,
    outcome: outcome.name,
    attempt: notification.attempt,
    repeat: notification.repeat,
    startedAt: attempt.startedAt,
    finishedAt: attempt.finishedAt,
  }
}

/**
 * The column takes HTTP statuses from 100 to 599. Where a receiver answers with another number, only the message has
 * it.
 */
function recordable(status: number | undefined): number | null {
  return status !== undefined && status >= 100 && status <= 599 ? status : null
}
