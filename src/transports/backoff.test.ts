import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { backoffMs } from './backoff.ts'

const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const policy = fc.record({
  factor: fc.double({ min: 1, max: 10, noNaN: true }),
  maxDelay: fc.double({ min: 1, max: 86_400, noNaN: true }),
})

describe('backoffMs', () => {
  it('waits up to 1, 2, 4, 8 … 60 s, and at least half of it', () => {
    const waits = (r: number) => [1, 2, 3, 4, 7, 8].map((n) => backoffMs(n, { factor: 2, maxDelay: 60 }, r))
    expect(waits(0)).toEqual([500, 1000, 2000, 4000, 30_000, 30_000])
    expect(waits(1)).toEqual([1000, 2000, 4000, 8000, 60_000, 60_000])
  })

  it('stays between half and the whole, and never above the maximum, for any retry', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), policy, random, (retry, p, r) => {
        const whole = Math.min(p.factor ** (retry - 1), p.maxDelay) * 1000
        const ms = backoffMs(retry, p, r)
        expect(Number.isInteger(ms)).toBe(true)
        expect(ms).toBeGreaterThanOrEqual(Math.floor(whole / 2))
        expect(ms).toBeLessThanOrEqual(Math.ceil(whole))
      }),
    )
  })

  it('never shrinks from one retry to the next with the same random number', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), policy, random, (retry, p, r) => {
        expect(backoffMs(retry + 1, p, r)).toBeGreaterThanOrEqual(backoffMs(retry, p, r))
      }),
    )
  })

  it('counts a retry before the first as the first', () => {
    expect(backoffMs(0, { factor: 2, maxDelay: 60 }, 0)).toBe(500)
  })
})
