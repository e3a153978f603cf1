import { OUTCOMES } from '../contract/outcomes.ts'
import type { Outcome } from '../transports/transport.ts'

/** What follows from an outcome for the notification itself. */
export interface RetryDecision {
  readonly state: 'accepted' | 'pending' | 'failed'
  readonly reason: string | null
  /** Milliseconds until it is due again; 0 where it does not wait, or where only its channel does. */
  readonly delayMs: number
  /** True when this uses up one of its retries. */
  readonly failed: boolean
  /** True when it may have arrived all the same, so that the next post may be a repeat. */
  readonly mayHaveArrived: boolean
}

/** What decides over retries. `backoff` gives the wait before retry n, in milliseconds. */
export interface RetryRules {
  readonly maxRetries: number
  readonly backoff: (retry: number) => number
}

/**
 * Decides what becomes of a notification. `failures` are those before this attempt; `channelRests` says that its
 * channel's breaker is open: then the fault is the channel's, and no retry is used up, so that an hour of outage
 * dead-letters nothing.
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
