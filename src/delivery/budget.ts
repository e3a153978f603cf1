import type { Budget } from '../catalogue/catalogue.ts'

/** A token bucket as it is kept in the database. */
export interface Bucket {
  /** Cards that could be sent at `refilledAt`. */
  readonly tokens: number
  readonly refilledAt: Date
}

/**
 * Fills a bucket for the time that has passed. Never beyond the burst, and never less than it had when the clock
 * goes backwards. A budget that was made smaller counts at once.
 */
export function refill(bucket: Bucket, budget: Budget, now: Date): Bucket {
  const elapsed = Math.max(0, now.getTime() - bucket.refilledAt.getTime())
  const gained = (elapsed / 1000) * (budget.requests / budget.period)
  return { tokens: Math.max(0, Math.min(budget.burst, bucket.tokens + gained)), refilledAt: now }
}

/** Takes `count` whole cards from a refilled bucket that has them. */
export function take(bucket: Bucket, count: number): Bucket {
  if (count > Math.floor(bucket.tokens)) throw new RangeError('more was taken than the bucket has')
  return { tokens: bucket.tokens - count, refilledAt: bucket.refilledAt }
}

/** Milliseconds until a refilled bucket has one whole card again; 0 when it has one. */
export function untilNextToken(bucket: Bucket, budget: Budget): number {
  if (bucket.tokens >= 1) return 0
  return Math.ceil(((1 - bucket.tokens) * budget.period * 1000) / budget.requests)
}
