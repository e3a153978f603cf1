/** A channel's budget, as the settings say it: `requests` per `period` seconds, and `burst` at once. */
export interface BudgetRule {
  readonly requests: number
  readonly period: number
  readonly burst: number
}

/** The most cards that came within any window of `windowMs`; `times` in milliseconds. */
export function mostWithin(times: readonly number[], windowMs: number): number {
  const sorted = [...times].sort((a, b) => a - b)
  let most = 0
  let first = 0
  for (const [index, time] of sorted.entries()) {
    while (time - (sorted[first] ?? time) > windowMs) first++
    most = Math.max(most, index - first + 1)
  }
  return most
}

/**
 * Cards of one channel over its budget: how many more had come at some moment than a bucket that was full at `since`
 * can have let through by then. It needs no allowance for the way: a card that is late is never one too many.
 */
export function overBudget(times: readonly number[], since: number, rule: BudgetRule): number {
  let over = 0
  for (const [index, time] of [...times].sort((a, b) => a - b).entries()) {
    const allowed = Math.floor(rule.burst + ((time - since) / 1000) * (rule.requests / rule.period) + 1e-9)
    over = Math.max(over, index + 1 - allowed)
  }
  return over
}
