import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Budget } from '../catalogue/catalogue.ts'
import { refill, take, untilNextToken } from './budget.ts'

const budgets = fc.record({
  requests: fc.integer({ min: 1, max: 600 }),
  period: fc.integer({ min: 1, max: 3600 }),
  burst: fc.integer({ min: 1, max: 50 }),
})
const T0 = new Date('2026-11-21T10:00:00.000Z')
const at = (ms: number) => new Date(T0.getTime() + ms)

/** Sends as greedily as the bucket allows at each of the given moments; returns when each card left. */
function sendGreedily(budget: Budget, gaps: readonly number[]): number[] {
  let bucket = { tokens: budget.burst, refilledAt: T0 }
  let now = 0
  const sent: number[] = []
  for (const gap of gaps) {
    now += gap
    bucket = refill(bucket, budget, at(now))
    const count = Math.floor(bucket.tokens)
    bucket = take(bucket, count)
    for (let i = 0; i < count; i++) sent.push(now)
  }
  return sent
}

describe('token bucket', () => {
  it('allows in any window at most the burst and the refill of the window', () => {
    fc.assert(
      fc.property(budgets, fc.array(fc.integer({ min: 0, max: 120_000 }), { maxLength: 60 }), (budget, gaps) => {
        const sent = sendGreedily(budget, gaps)
        const tooMany: string[] = []
        for (let from = 0; from < sent.length; from++)
          for (let to = from; to < sent.length; to++) {
            const windowMs = (sent[to] ?? 0) - (sent[from] ?? 0)
            const allowed = budget.burst + (windowMs / 1000) * (budget.requests / budget.period)
            if (to - from + 1 > Math.floor(allowed + 1e-6)) tooMany.push(`${to - from + 1} in ${windowMs} ms`)
          }
        expect(tooMany).toEqual([])
      }),
    )
  })

  it('has a token after the wait that it names, and none a millisecond before', () => {
    fc.assert(
      fc.property(budgets, fc.double({ min: 0, max: 0.999, noNaN: true }), (budget, tokens) => {
        const empty = { tokens, refilledAt: T0 }
        const wait = untilNextToken(empty, budget)
        expect(refill(empty, budget, at(wait)).tokens).toBeGreaterThanOrEqual(1 - 1e-9)
        // Fractions of a token are rounded, so what is exactly one may come out a millisecond late.
        if (wait > 1) expect(refill(empty, budget, at(wait - 1)).tokens).toBeLessThan(1 + 1e-9)
      }),
    )
  })

  it('keeps its tokens when the clock goes backwards', () => {
    const budget = { requests: 60, period: 60, burst: 10 }
    expect(refill({ tokens: 3, refilledAt: at(5_000) }, budget, T0)).toEqual({ tokens: 3, refilledAt: T0 })
  })

  it('applies a smaller budget at once', () => {
    expect(refill({ tokens: 50, refilledAt: T0 }, { requests: 60, period: 60, burst: 5 }, T0).tokens).toBe(5)
  })

  it('throws for more tokens than it has', () => {
    expect(() => take({ tokens: 1.9, refilledAt: T0 }, 2)).toThrow(RangeError)
  })
})
