import { describe, expect, it } from 'vitest'
import type { ChannelState } from '../store/claim.ts'
import { cardsWithin, stormStatusOf } from './storm.ts'

const BUDGET = { requests: 60, period: 60, burst: 10 }
const NOW = new Date(1_000_000)
const state = (digestedAt: Date | undefined): ChannelState => ({
  tokens: 0,
  refilledAt: NOW,
  pausedUntil: undefined,
  breaker: 'closed',
  consecutiveFailures: 0,
  consecutivePauses: 0,
  failedProbes: 0,
  digestedAt,
})

it('a channel clears its tokens and the refill in time, and at least one card', () => {
  expect(cardsWithin(0, BUDGET, 30_000)).toBe(30)
  expect(cardsWithin(9.5, BUDGET, 30_000)).toBe(39)
  expect(cardsWithin(0, { requests: 1, period: 86_400, burst: 1 }, 30_000)).toBe(1)
})

describe('during a storm', () => {
  it('later notifications of MEDIUM and below wait for the next round', () => {
    const digestedAt = new Date(NOW.getTime() - 10_000)
    expect(stormStatusOf(state(digestedAt), NOW, 30_000)).toEqual({
      digestedAt,
      ordinaryUntil: digestedAt,
      nextRoundIn: 20_000,
    })
  })

  it('the next round is due after its time, or when its time is impossible', () => {
    for (const at of [NOW.getTime() - 30_000, NOW.getTime() - 3_600_000, NOW.getTime() + 3_600_000])
      expect(stormStatusOf(state(new Date(at)), NOW, 30_000)).toMatchObject({ nextRoundIn: 0 })
  })
})

it('without a storm every notification may be claimed', () => {
  expect(stormStatusOf(state(undefined), NOW, 30_000)).toEqual({
    digestedAt: undefined,
    ordinaryUntil: undefined,
    nextRoundIn: undefined,
  })
})
