import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RECURRENCES } from '../../contract/silences.ts'
import { INTERVALS_MS, occurrenceAt, stateAt } from './times.ts'

const at = (time: string) => new Date(`2026-${time}Z`)
const NIGHT = {
  startsAt: at('11-01T22:00:00'),
  endsAt: at('11-02T01:30:00'),
  every: 'day',
  endedAt: null,
} as const

const base = Date.UTC(2026, 10, 1)
const times = fc.record({
  start: fc.integer({ min: -1_000_000_000, max: 1_000_000_000 }),
  every: fc.constantFrom(...RECURRENCES),
  part: fc.double({ min: 0.000_001, max: 0.999_999, noNaN: true }),
  later: fc.integer({ min: -2_000_000_000, max: 6_000_000_000 }),
})
const made = fc
  .record({ times, recurring: fc.boolean() })
  .map(({ times: { start, every, part, later }, recurring }) => ({
    silence: {
      startsAt: new Date(base + start),
      endsAt: new Date(base + start + Math.ceil(part * (INTERVALS_MS[every] - 1))),
      every: recurring ? every : null,
      endedAt: null,
    },
    now: new Date(base + start + later),
  }))

/** All occurrences that could matter to a moment of the generated ones, one by one. */
function occurrences({ startsAt, endsAt, every }: { startsAt: Date; endsAt: Date; every: 'day' | 'week' | null }) {
  const step = every === null ? 0 : INTERVALS_MS[every]
  return Array.from({ length: every === null ? 1 : 100 }, (_, index) => ({
    startsAt: new Date(startsAt.getTime() + index * step),
    endsAt: new Date(endsAt.getTime() + index * step),
  }))
}

describe('a silence', () => {
  it.each([
    ['11-01T21:59:59.999', 'waiting'],
    ['11-01T22:00:00', 'active'],
    ['11-02T01:29:59.999', 'active'],
    ['11-02T01:30:00', 'waiting'],
    ['11-02T21:59:59.999', 'waiting'],
    ['11-02T22:00:00', 'active'],
    ['12-24T00:00:00', 'active'],
    ['12-24T12:00:00', 'waiting'],
  ])('that recurs every night is at %s: %s', (time, state) => {
    expect(stateAt(NIGHT, at(time))).toBe(state)
    expect(occurrenceAt({ ...NIGHT, endedAt: at('11-01T00:00:00') }, at(time))).toBeUndefined()
  })

  it('has one occurrence without recurrence', () => {
    const once = { ...NIGHT, every: null }
    expect(stateAt(once, at('11-02T01:00:00'))).toBe('active')
    expect(stateAt(once, at('11-02T01:30:00'))).toBe('over')
  })

  it('is over from endedAt', () => {
    const ended = { ...NIGHT, endedAt: at('11-02T00:00:00') }
    expect(stateAt(ended, at('11-01T23:59:59.999'))).toBe('active')
    expect(stateAt(ended, at('11-02T00:00:00'))).toBe('over')
    expect(stateAt(ended, at('11-02T23:00:00'))).toBe('over')
  })

  it('is active exactly during its occurrences', () => {
    fc.assert(
      fc.property(made, ({ silence, now }) => {
        const lasting = occurrences(silence).some(({ startsAt, endsAt }) => startsAt <= now && now < endsAt)
        expect(stateAt(silence, now) === 'active').toBe(lasting)
      }),
      { numRuns: 2_000 },
    )
  })

  it('shows the current occurrence, or else the next', () => {
    fc.assert(
      fc.property(made, ({ silence, now }) => {
        const expected = occurrences(silence).find(({ endsAt }) => endsAt > now)
        expect(occurrenceAt(silence, now)).toEqual(expected)
        expect(stateAt(silence, now) === 'over').toBe(expected === undefined)
      }),
      { numRuns: 2_000 },
    )
  })
})
