import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fits } from './glob.ts'

/** The slow way, right by its shape: every way of sharing the text out among the stars is tried. */
function fitsSlowly(pattern: string, text: string): boolean {
  if (pattern === '') return text === ''
  if (pattern[0] !== '*') return text[0] === pattern[0] && text !== '' && fitsSlowly(pattern.slice(1), text.slice(1))
  return fitsSlowly(pattern.slice(1), text) || (text !== '' && fitsSlowly(pattern, text.slice(1)))
}

describe('a pattern', () => {
  it.each([
    ['celery.*', 'celery.task.failed', true],
    ['celery.*', 'celery', false],
    ['*', '', true],
    ['', '', true],
    ['', 'a', false],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['*ab*ba*', 'aba', false],
    ['a.c', 'abc', false],
    ['(a+)+$', 'aaaa', false],
    ['Celery.*', 'celery.task', false],
    ['**a**', 'bab', true],
    ['*\n*', 'a\nb', true],
  ])('%j and the text %j: %s', (pattern, text, expected) => {
    expect(fits(pattern, text)).toBe(expected)
  })

  it('fits what the slow way says it fits', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 10 })
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*'), maxLength: 7 })
    fc.assert(
      fc.property(pattern, letters, (given, text) => {
        expect(fits(given, text)).toBe(fitsSlowly(given, text))
      }),
      { numRuns: 5_000 },
    )
  })

  it('fits every text that it was made of', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.array(fc.string()), (pieces, between) => {
        const text = pieces.flatMap((piece, index) => [piece, between[index] ?? '']).join('')
        expect(fits(`${pieces.join('*')}*`, text)).toBe(true)
      }),
    )
  })

  it('takes time that grows with the text and with nothing else', () => {
    const seconds = (pattern: string, length: number) => {
      const text = 'a'.repeat(length)
      const start = performance.now()
      expect(fits(pattern, text)).toBe(false)
      return (performance.now() - start) / 1_000
    }
    for (const pattern of [`${'*a'.repeat(99)}*b`, `*${'a'.repeat(90)}b${'a'.repeat(90)}*`, `*${'ab'.repeat(98)}*`])
      expect(seconds(pattern, 512 * 1_024)).toBeLessThan(1)
  })
})
