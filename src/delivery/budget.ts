import type { Budget } from '../catalogue/catalogue.ts'

/** A token bucket, as `teams_channels` stores it. */
export interface Bucket {
  /** Cards that could be sent at `refilledAt`; may be a fraction. */
  readonly tokens: number
  readonly refilledAt: Date
}

/**
 * Adds the tokens for the time since `refilledAt`, at most up to the burst. A clock that goes backwards adds none and
 * takes none. A budget that became smaller takes effect at once.
 */
export function refill(bucket: Bucket, budget: Budget, now: Date): Bucket {
  const elapsed = Math.max(0, now.getTime() - bucket.refilledAt.getTime())
  const gained = (elapsed / 1000) * (budget.requests / budget.period)
  return { tokens: Math.max(0, Math.min(budget.burst, bucket.tokens + gained)), refilledAt: now }
}

/** Takes `count` tokens from a refilled bucket. @throws RangeError where it has fewer */
export function take(bucket: Bucket, count: number): Bucket {
  if (count > Math.floor(bucket.tokens)) throw new RangeError('more was taken than the bucket has')
  return { tokens: bucket.tokens - count, refilledAt: bucket.refilledAt }
}

/** Milliseconds until a refilled bucket has one whole token; 0 where it has one. */
export function untilNextToken(bucket: Bucket, budget: Budget): number {
  if (bucket.tokens >= 1) return 0
  return Math.ceil(((1 - bucket.tokens) * budget.period * 1000) / budget.requests)
}
