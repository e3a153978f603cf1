import { describe, expect, it } from 'vitest'
import { amountInText } from './amounts.ts'

describe('amountInText', () => {
  it.each([
    ['15000 SAR', 'SAR 15,000.00', '15,000.00 ر.س'],
    ['SAR 15,000', 'SAR 15,000.00', '15,000.00 ر.س'],
    ['SR 1500.5', 'SAR 1,500.50', '1,500.50 ر.س'],
    ['15000', 'SAR 15,000.00', '15,000.00 ر.س'],
    ['١٥٬٠٠٠٫٥٠ ريال', 'SAR 15,000.50', '15,000.50 ر.س'],
    ['-200 sar', 'SAR -200.00', '-200.00 ر.س'],
    ['USD 1200', 'USD 1,200.00', '1,200.00 USD'],
    ['1.500 KWD', 'KWD 1.500', '1.500 KWD'],
    // Beyond what a double holds.
    ['12345678901234567890 SAR', 'SAR 12,345,678,901,234,567,890.00', '12,345,678,901,234,567,890.00 ر.س'],
  ])('writes %j as %j and %j', (text, en, ar) => {
    expect(amountInText(text, 'en')).toBe(en)
    expect(amountInText(text, 'ar')).toBe(ar)
  })

  it.each(['1.500 SAR', '1500,50 SAR', '1,50,000 SAR', '15000 per day', 'SAR 5 SAR', '500-700 SAR', 'none', '', '1e5'])(
    'leaves %j, in which something is in doubt',
    (text) => {
      expect(amountInText(text, 'en')).toBe(text)
      expect(amountInText(text, 'ar')).toBe(text)
    },
  )

  it('takes no longer for a long text', () => {
    const started = process.cpuUsage()
    for (const text of ['1'.repeat(20_000), '1,111'.repeat(5_000), ' '.repeat(20_000), 'ر'.repeat(20_000)])
      amountInText(text, 'en')
    expect(process.cpuUsage(started).user / 1_000).toBeLessThan(1_000)
  })
})
