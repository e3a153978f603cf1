import { describe, expect, it } from 'vitest'
import { isHijri, isZeroTime, plainMoment } from './moment.ts'

describe('plainMoment', () => {
  it.each([
    ['2026-11-21T10:00:00+0300', '2026-11-21T10:00:00+03:00'],
    ['2026-11-21T10:00:00+03', '2026-11-21T10:00:00+03:00'],
    ['2026-11-21 10:00:00.5z', '2026-11-21T10:00:00.5Z'],
    ['2026-11-21t10:00:00,25-0330', '2026-11-21T10:00:00.25-03:30'],
    ['2026-11-21T10:00Z', '2026-11-21T10:00Z'],
    ['2016-12-31T23:59:60Z', '2016-12-31T23:59:59Z'],
    ['2017-01-01T02:59:60.5+0300', '2017-01-01T02:59:59+03:00'],
    // No leap second.
    ['2017-01-01T10:00:60Z', '2017-01-01T10:00:60Z'],
    ['2026-11-21T10:00:00', '2026-11-21T10:00:00'],
    ['2026-11-21', '2026-11-21'],
    ['tomorrow', 'tomorrow'],
  ])('makes of %s %s', (text, expected) => {
    expect(plainMoment(text)).toBe(expected)
    expect(plainMoment(expected)).toBe(expected)
  })
})

it('recognises zero times and years of the Hijra', () => {
  expect(['0001-01-01T00:00:00Z', '0001-01-01T00:00:00+03:06', '0001-01-01'].every(isZeroTime)).toBe(true)
  expect(['2001-01-01', '1000-01-01'].some(isZeroTime)).toBe(false)
  expect(['1447-06-01', '1446-12-30T10:00:00Z'].every(isHijri)).toBe(true)
  expect(['1970-01-01', '1299-01-01', '1600-01-01', '14470-01-01'].some(isHijri)).toBe(false)
})
