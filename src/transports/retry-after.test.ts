import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseRetryAfter } from './retry-after.ts'

const NOW = new Date('2026-11-21T10:00:00Z')
const MAX = 3_600_000

describe('parseRetryAfter', () => {
  it.each([
    ['1', 1000],
    ['120', 120_000],
    [' 5 ', 5000],
    ['1.5', 1500],
    ['0.0001', 1],
    ['3600', MAX],
    ['3601', MAX],
    ['99999999999999999999', MAX],
    ['Sat, 21 Nov 2026 10:00:30 GMT', 30_000],
    ['Saturday, 21-Nov-26 10:00:30 GMT', 30_000],
    ['Sat Nov 21 10:00:30 2026', 30_000],
    ['Wed Dec  2 10:00:00 2026', MAX],
    ['Fri, 31 Dec 9999 23:59:59 GMT', MAX],
  ])('reads %j as %i ms', (header, ms) => {
    expect(parseRetryAfter(header, NOW, MAX)).toBe(ms)
  })

  it.each([
    [undefined],
    [''],
    ['0'],
    ['-5'],
    ['+5'],
    ['NaN'],
    ['Infinity'],
    ['1e9'],
    ['0x10'],
    ['5 seconds'],
    ['soon'],
    ['2026-11-21T10:00:30Z'],
    ['Sat, 21 Nov 2026 10:00:30 +0300'],
    ['Sat, 21 Foo 2026 10:00:30 GMT'],
    ['on Sat, 21 Nov 2026 10:00:30 GMT'],
    ['Sat, 21 Nov 2026 10:00:30 GMT or later'],
    ['on Saturday, 21-Nov-26 10:00:30 GMT'],
    ['Saturday, 21-Nov-26 10:00:30 GMT or later'],
    ['on Sat Nov 21 10:00:30 2026'],
    ['Sat Nov 21 10:00:30 2026 or later'],
    ['Sat, 21 Nov 2026 09:59:59 GMT'],
    ['Sunday, 06-Nov-94 08:49:37 GMT'],
  ])('returns undefined for %j', (header) => {
    expect(parseRetryAfter(header, NOW, MAX)).toBeUndefined()
  })

  it('reads the first of several', () => {
    expect(parseRetryAfter(['7', '9'], NOW, MAX)).toBe(7000)
    expect(parseRetryAfter([], NOW, MAX)).toBeUndefined()
  })

  it('reads whole seconds and HTTP dates, clamped', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), (seconds) => {
        const date = new Date(NOW.getTime() + seconds * 1000).toUTCString()
        const expected = Math.min(seconds * 1000, MAX)
        expect(parseRetryAfter(String(seconds), NOW, MAX)).toBe(expected)
        expect(parseRetryAfter(date, NOW, MAX)).toBe(expected)
      }),
    )
  })

  it('returns undefined or a whole number from 1 to the maximum, for any header', () => {
    const header = fc.oneof(
      fc.string(),
      fc.double().map(String),
      fc.bigInt().map(String),
      fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
    )
    fc.assert(
      fc.property(header, fc.integer({ min: 1, max: 86_400_000 }), (text, max) => {
        const ms = parseRetryAfter(text, NOW, max)
        expect(ms === undefined || (Number.isInteger(ms) && ms >= 1 && ms <= max)).toBe(true)
      }),
    )
  })
})
