import type { Settlement } from '../store/record.ts'
import type { Attempt } from './attempt.ts'
import { type RetryRules, settle } from './decide-retry.ts'

/** Puts an attempt and its verdict into the form in which they are recorded. */
export function toSettlement(attempt: Attempt, channelRests: boolean, rules: RetryRules): Settlement {
  const { held, outcome } = attempt
  const verdict = settle(outcome, held.failures, channelRests, rules)
  return {
    id: held.id,
    createdAt: held.createdAt,
    state: verdict.state,
    reason: verdict.reason,
    delayMs: verdict.delayMs,
    failed: verdict.failed,
    mayHaveArrived: verdict.mayHaveArrived,
    posted: attempt.posted,
    webhookUrl: attempt.webhookUrl,
    cardJson: attempt.cardJson,
    statusCode: recordable(outcome.statusCode),
    errorCode: outcome.errorCode ?? null,
    message: outcome.message,
    outcome: outcome.name,
    attempt: held.attempt,
    repeat: held.repeat,
    startedAt: attempt.startedAt,
    finishedAt: attempt.finishedAt,
  }
}

/** The record takes HTTP statuses. A receiver may answer with another number, which the message tells. */
function recordable(status: number | undefined): number | null {
  return status !== undefined && status >= 100 && status <= 599 ? status : null
}
