import fc from 'fast-check'
import { expect, it } from 'vitest'
import { cutText, cutTextMiddle } from './cut-text.ts'

const text = fc.string({ unit: fc.constantFrom('a', 'ب', '😀', '\n', '𐎀'), maxLength: 300 })

it('keeps to the bound, marks what was cut and halves no surrogate pair', () => {
  fc.assert(
    fc.property(text, fc.integer({ min: 16, max: 200 }), (given, most) => {
      for (const cut of [cutText, cutTextMiddle]) {
        const kept = cut(given, most)
        expect(kept.length).toBeLessThanOrEqual(most)
        expect(kept.isWellFormed()).toBe(true)
        expect(kept === given || kept.includes('…')).toBe(true)
        expect(kept === given).toBe(given.length <= most)
      }
    }),
    { numRuns: 2_000 },
  )
})

it('keeps the first and the last lines of a traceback whole', () => {
  const lines = Array.from({ length: 1_000 }, (_, i) => `line ${i}`)
  const kept = cutTextMiddle(lines.join('\n'), 200).split('\n')
  expect(kept[0]).toBe('line 0')
  expect(kept.at(-1)).toBe('line 999')
  expect(kept.filter((line) => !lines.includes(line))).toEqual(['…'])
})

it('cuts the middle out of one line without halving a character', () => {
  for (const start of ['', 'a'])
    for (const most of [40, 41, 42, 43])
      expect(cutTextMiddle(start + '\u{1F600}'.repeat(50), most).isWellFormed()).toBe(true)
})
