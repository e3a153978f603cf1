import { describe, expect, it } from 'vitest'
import { isGatewayError } from '../kernel/errors.ts'
import { createFormatter } from './format.ts'

const en = createFormatter('en', 'Asia/Riyadh')
const ar = createFormatter('ar', 'Asia/Riyadh')

describe('createFormatter', () => {
  it('writes times in the zone, with its name and Latin digits', () => {
    expect(en.moment('2025-01-15T14:23:45Z')).toBe('15 Jan 2025, 17:23:45 GMT+3')
    expect(ar.moment('2025-01-15T14:23:45Z')).toBe('15 يناير 2025، \u206617:23:45 GMT+3\u2069')
    expect(en.moment('2025-01-15T23:23:45+03:00')).toBe('15 Jan 2025, 23:23:45 GMT+3')
  })

  it('formats a time the same again after many others', () => {
    const seconds = Array.from({ length: 600 }, (_, i) => new Date(1_736_951_025_000 + i * 1_000))
    const fresh = (moment: Date) => createFormatter('en', 'Asia/Riyadh').time(moment)
    for (const moment of [...seconds, ...seconds]) en.time(moment)
    for (const moment of seconds.slice(0, 5)) expect(en.time(moment)).toBe(fresh(moment))
    expect(en.time(new Date(1_736_951_025_999))).toBe(en.time(new Date(1_736_951_025_000)))
    expect(en.time(new Date(1_736_951_026_000))).toBe('15 Jan 2025, 17:23:46 GMT+3')
  })

  it('keeps dates on their day in every zone', () => {
    expect(createFormatter('en', 'America/Los_Angeles').moment('2025-01-15')).toBe('15 Jan 2025')
    expect(createFormatter('ar', 'Pacific/Auckland').moment('2025-01-15')).toBe('15 يناير 2025')
  })

  it('leaves text that is no time as it is', () => {
    expect(en.moment('tomorrow')).toBe('tomorrow')
    expect(en.moment('2025')).toBe('2025')
  })

  it('writes amounts in one form per language, whether they came as numbers or as text', () => {
    expect([en.amount(15_000), en.amount('15000 SAR')]).toEqual(['SAR 15,000.00', 'SAR 15,000.00'])
    expect([ar.amount(15_000), ar.amount('15000 SAR')]).toEqual(['15,000.00 ر.س', '15,000.00 ر.س'])
    expect([en.amount(1234.5), en.amount(-1), ar.amount(0)]).toEqual(['SAR 1,234.50', 'SAR -1.00', '0.00 ر.س'])
  })

  it.each([
    [4.2e-7, '4.2e-7'],
    [-0.0000015, '-0.0000015'],
    [0.25, '0.25'],
    [1 / 3, '0.333333'],
    [1234.5678912, '1,234.567891'],
    [9007199254740991, '9,007,199,254,740,991'],
    [1.5e300, '1.5e+300'],
    [0, '0'],
  ])('writes %d as %s, and nothing but 0 as 0', (value, written) => {
    expect(en.number(value)).toBe(written)
    expect(ar.number(value)).toBe(written)
  })

  it('writes no other amount as 0.00', () => {
    expect(en.amount(0.004)).toBe('SAR 0.004')
    expect(en.amount(0.005)).toBe('SAR 0.01')
  })

  it('refuses an unknown time zone with the name of its setting', () => {
    try {
      createFormatter('en', 'Asia/Riad')
      expect.unreachable()
    } catch (error) {
      expect(isGatewayError(error, 'invalid_settings') && error.problems[0]?.at).toBe('TEAMS_TIME_ZONE')
    }
  })
})
