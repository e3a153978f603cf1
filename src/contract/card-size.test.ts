import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { surelyFits, teamsBytes } from './card-size.ts'

describe('teamsBytes', () => {
  it('counts a card as an escaped JSON string, so each quote costs one byte more', () => {
    const card = { type: 'TextBlock', text: 'a "quoted" word' }
    const json = JSON.stringify(card)
    const extra = [...json].filter((char) => char === '"' || char === '\\').length
    expect(teamsBytes(card)).toBe(json.length + extra + 2)
  })

  it('takes the worse of UTF-8 and UTF-16 for text beyond ASCII', () => {
    // Stored as "\"مرحبا\"": five letters, two quotes escaped, two around them; UTF-8 would take 16.
    expect(teamsBytes('مرحبا')).toBe((5 + 4 + 2) * 2)
    const chinese = '字'.repeat(1_000)
    expect(teamsBytes(chinese)).toBeGreaterThanOrEqual(3_000)
  })

  it('is close to the size that Teams counted for a card of facts', () => {
    // 24,453 bytes were counted as 28,897 (MicrosoftDocs/msteams-docs#11274): 18 % more.
    const facts = Array.from({ length: 300 }, (_, i) => ({
      title: `name ${i}`,
      value: `some value of ordinary length ${i}`,
    }))
    const card = { type: 'AdaptiveCard', version: '1.4', body: [{ type: 'FactSet', facts }] }
    const ratio = teamsBytes(card) / JSON.stringify(card).length
    expect(ratio).toBeGreaterThan(1.1)
    expect(ratio).toBeLessThan(1.25)
  })
})

describe('surelyFits', () => {
  const dear = fc.constantFrom('"', '\\', '\u0000', '\n', '字', 'ب', '😀', '\uD800', 'a').map((char) => char.repeat(40))

  it('is never true for a card over the limit', () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.string({ unit: 'binary' }), dear, fc.array(dear)), (value) => {
        expect(surelyFits(JSON.stringify(value), teamsBytes(value) - 1)).toBe(false)
      }),
      { numRuns: 1_000 },
    )
  })

  it('is true for a card of a quarter of the limit', () => {
    expect(surelyFits(JSON.stringify({ text: 'x'.repeat(6_700) }), 27_136)).toBe(true)
    expect(surelyFits(JSON.stringify({ text: 'x'.repeat(6_800) }), 27_136)).toBe(false)
  })
})
