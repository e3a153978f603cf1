/** How waits before retries grow: TEAMS_RETRY_FACTOR and TEAMS_MAX_RETRY_DELAY. */
export interface BackoffPolicy {
  /** At least 1. */
  readonly factor: number
  /** Longest wait, in seconds. */
  readonly maxDelay: number
}

/**
 * The wait before retry `retry` (1 for the first), in milliseconds: `factor` to the power `retry - 1` seconds, at most
 * `maxDelay`, of which the second half is random. Between half and the whole of it, that is: 0.5 to 1 s, 1 to 2 s, 2 to 4 s.
 *
 * Jitter over the whole ("full jitter") was rejected: with three retries, a wait near zero spends one of them on a
 * receiver that failed a moment ago.
 *
 * @param random from 0 to below 1, for example `Math.random()`; passed in, so that the wait is a pure function.
 */
export function backoffMs(retry: number, policy: BackoffPolicy, random: number): number {
  const whole = Math.min(policy.factor ** (Math.max(1, retry) - 1), policy.maxDelay) * 1000
  return Math.round(whole / 2 + (whole / 2) * random)
}
