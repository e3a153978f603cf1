import { describe, expect, it } from 'vitest'
import { createRandom } from './random.ts'

const draws = (random: ReturnType<typeof createRandom>) => Array.from({ length: 200 }, () => random.between(0, 1))

describe('a seed', () => {
  it('gives the same numbers again, and another one others', () => {
    expect(draws(createRandom('7'))).toEqual(draws(createRandom('7')))
    expect(draws(createRandom('7'))).not.toEqual(draws(createRandom('8')))
  })

  it('gives each part a stream that the others do not move', () => {
    const one = createRandom('7')
    draws(one)
    expect(draws(one.fork('kills'))).toEqual(draws(createRandom('7').fork('kills')))
    expect(draws(one.fork('kills'))).not.toEqual(draws(one.fork('sender')))
  })

  it('spreads over what was asked for', () => {
    const random = createRandom('7')
    const dice = Array.from({ length: 6_000 }, () => random.whole(1, 6))
    for (const face of [1, 2, 3, 4, 5, 6]) {
      const share = dice.filter((one) => one === face).length
      expect(share).toBeGreaterThan(850)
      expect(share).toBeLessThan(1_150)
    }
    expect(Array.from({ length: 1_000 }, () => random.chance(0.25)).filter(Boolean).length).toBeGreaterThan(180)
  })
})
