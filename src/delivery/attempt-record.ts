import type { AttemptRecord } from '../store/record.ts'
import type { Attempt } from './attempt.ts'
import { decideRetry, type RetryRules } from './decide-retry.ts'

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
