import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseJson } from './parse-json.ts'

const read = (number: string) => (parseJson(`{"a": ${number}}`) as { a: unknown }).a

describe('parseJson', () => {
  it.each([
    '12345678901234567890',
    '10000000000000001',
    '9007199254740993',
    '-9007199254740993',
    // String(1e21) is no run of digits.
    '1000000000000000000000',
    '12345678901234567.89',
    '123456789.01234567891e20',
    '9'.repeat(400),
  ])('keeps the digits of %s', (number) => {
    expect(read(number)).toBe(number)
    expect(parseJson(`[${number},"${number}",${number}]`)).toEqual([number, number, number])
  })

  it.each([
    ['9007199254740991', 9007199254740991],
    ['10000000000000000', 1e16],
    ['1E5', 100_000],
    ['1e21', 1e21],
    ['1.5e300', 1.5e300],
    ['0.30000000000000004', 0.1 + 0.2],
    // As %.17g writes 0.1: a measurement is as exact as a double.
    ['0.10000000000000001', 0.1],
    ['1e999', Number.POSITIVE_INFINITY],
    ['-0', -0],
  ])('reads %s as a number', (number, value) => {
    expect(read(number)).toBe(value)
  })

  it('changes no number inside texts and keys with quotes and backslashes', () => {
    const value = { 'a\\": 12345678901234567891': '\\\\": [12345678901234567891, "', b: ['\\', '"', 'true', '1e5'] }
    const text = JSON.stringify([value, 1]).replace(/1]$/, '12345678901234567890]')
    expect(parseJson(text)).toEqual([value, '12345678901234567890'])
  })

  it('reads everything else as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.json({ stringUnit: 'binary' }), (text) => {
        // The number at the end triggers the second pass.
        expect(parseJson(`[${text},12345678901234567890]`)).toEqual([JSON.parse(text), '12345678901234567890'])
      }),
      { numRuns: 500 },
    )
  })

  it.each(['012345678901234567890', '{"a":12345678901234567890', '12345678901234567890 1', '-', 'NaN'])(
    'refuses %s as JSON.parse does',
    (text) => {
      expect(() => parseJson(text)).toThrow(SyntaxError)
    },
  )

  it('reads lists 100,000 levels deep, and five megabytes of numbers in less than 2.5 s', () => {
    const deep = `${'['.repeat(100_000)}12345678901234567890${']'.repeat(100_000)}`
    expect(Array.isArray(parseJson(deep))).toBe(true)
    const started = process.cpuUsage()
    parseJson(`[${'1,'.repeat(2_500_000)}12345678901234567890]`)
    // A reviver takes four seconds on an idle machine.
    expect(process.cpuUsage(started).user / 1_000).toBeLessThan(2_500)
  })

  it('keeps a key named __proto__ a key', () => {
    expect(Object.keys(parseJson('{"__proto__":{"x":12345678901234567890},"b":1}') as object)).toEqual([
      '__proto__',
      'b',
    ])
  })
})
