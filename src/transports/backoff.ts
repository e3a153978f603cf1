/** TEAMS_RETRY_FACTOR and TEAMS_MAX_RETRY_DELAY. */
export interface BackoffPolicy {
  /** At least 1. */
  readonly factor: number
  /** Longest wait, in seconds. */
  readonly maxDelay: number
}

/**
 * Milliseconds to wait before retry `retry` (1 for the first). Exponential backoff with "equal jitter": the full delay
 * is `factor` to the power `retry - 1` seconds, at most `maxDelay`, and the wait is a random time between half of it
 * and all of it. With the factor 2: 0.5 to 1 s, 1 to 2 s, 2 to 4 s.
 *
 * Rejected: "full jitter", from zero to the full delay. With three retries, a wait near zero spends one of them on a
 * receiver that failed a moment ago.
 *
 * @param random from 0 to below 1, for example `Math.random()`; a parameter, so that the function is pure.
 */
export function backoffMs(retry: number, policy: BackoffPolicy, random: number): number {
  const fullMs = Math.min(policy.factor ** (Math.max(1, retry) - 1), policy.maxDelay) * 1000
  return Math.round(fullMs / 2 + (fullMs / 2) * random)
}
