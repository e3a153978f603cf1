import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { characterKind, cleanText, cutText, cutTextMiddle, digitValue, utf8Of } from './characters.ts'

describe('clean text', () => {
  it('has no controls, bidi characters, noncharacters or broken surrogates', () => {
    expect(cleanText('a\u0000b\u202Ec\u2066d\u2069e\uFDD0f\uFFFFg\u200Fh\u{1FFFE}i\uFEFFj')).toBe('abcdefghij')
    expect(cleanText('x\uD83Dy')).toBe('x\uFFFDy')
    expect(cleanText('one\r\ntwo\rthree\u2028four')).toBe('one\ntwo\nthree\nfour')
  })

  it.each([
    ['colours', '\u001B[31mred\u001B[0m \u001B[1;38;5;196mbold\u001B[m', 'red bold'],
    ['colours by their C1 form', '\u009B31mred\u009B0m', 'red'],
    ['cursor moves', 'a\u001B[2K\u001B[1Gb\u001B[?25l', 'ab'],
    ['a window title', '\u001B]0;title\u0007text', 'text'],
    ['a link', '\u001B]8;;https://x.example\u001B\\here\u001B]8;;\u001B\\', 'here'],
    ['the choice of a character set', '\u001B(Btext\u001Bc', 'text'],
    ['no sequence, as its end is missing', 'a\u001B[31', 'a[31'],
    ['no sequence, as its start is missing', 'list[31m]', 'list[31m]'],
  ])('has no %s', (_title, text, expected) => {
    expect(cleanText(text)).toBe(expected)
  })

  it('is unchanged when it is cleaned again', () => {
    const wild = fc.array(fc.oneof(fc.string({ unit: 'binary', maxLength: 5 }), fc.constantFrom('\u001B', '[', '31m')))
    fc.assert(
      fc.property(wild, (parts) => {
        const text = cleanText(parts.join(''))
        expect(cleanText(text)).toBe(text)
        expect(text.isWellFormed()).toBe(true)
      }),
    )
  })

  it('takes linear time', () => {
    const started = process.cpuUsage()
    for (const piece of ['\u001B', '\u001B[', '\u001B]', '\u001B[1;', '\u001B ', '\u009B1'])
      cleanText(piece.repeat(200_000))
    expect(process.cpuUsage(started).user / 1_000).toBeLessThan(3_000)
  })
})

it('every code point that clean text can not have is forbidden or ends a line, and no other', () => {
  const wrong: string[] = []
  for (let code = 0; code <= 0x10ffff; code++) {
    if (code >= 0xd800 && code <= 0xdfff) continue
    const character = String.fromCodePoint(code)
    const kind = characterKind(character)
    const expected = kind === 'forbidden' ? '' : kind === 'line' ? '\n' : character
    if (cleanText(character) !== expected) wrong.push(`${code.toString(16)} is ${kind}`)
  }
  expect(wrong).toEqual([])
}, 60_000)

it.each([
  ['0123456789', 'of ASCII'],
  ['٠١٢٣٤٥٦٧٨٩', 'of Arabic'],
  ['۰۱۲۳۴۵۶۷۸۹', 'of Persian and Urdu'],
  ['०१२३४५६७८९', 'of Devanagari'],
  ['𝟘𝟙𝟚𝟛𝟜𝟝𝟞𝟟𝟠𝟡', 'of mathematics'],
])('the digits %s %s are worth 0 to 9', (digits) => {
  expect([...digits].map((digit) => [characterKind(digit), digitValue(digit)])).toEqual(
    Array.from({ length: 10 }, (_, value) => ['digit', value]),
  )
})

it('scans a text of many escape sequence starts once', () => {
  // Each beginning read to the end of the text: ten billion characters, minutes.
  expect(cleanText('\u009D'.repeat(100_000))).toBe('')
})

const text = fc.string({ unit: fc.constantFrom('a', 'ب', '😀', '\n', '𐎀'), maxLength: 300 })

it('a cut text keeps to the bound, has a mark and no half surrogate pair', () => {
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

it('a cut traceback keeps its first and last lines whole', () => {
  const lines = Array.from({ length: 1_000 }, (_, i) => `line ${i}`)
  const kept = cutTextMiddle(lines.join('\n'), 200).split('\n')
  expect(kept[0]).toBe('line 0')
  expect(kept.at(-1)).toBe('line 999')
  expect(kept.filter((line) => !lines.includes(line))).toEqual(['…'])
})

it('a cut line loses its middle, without half a character', () => {
  for (const start of ['', 'a'])
    for (const most of [40, 41, 42, 43])
      expect(cutTextMiddle(start + '\u{1F600}'.repeat(50), most).isWellFormed()).toBe(true)
})

it('utf8Of returns the bytes of all texts after the room', () => {
  const texts = fc.array(fc.string({ unit: 'binary' }))
  fc.assert(
    fc.property(texts, fc.nat(9), (given, room) => {
      const expected = Buffer.concat(given.map((text) => Buffer.from(text)))
      expect(utf8Of(given, room).subarray(room).equals(expected)).toBe(true)
    }),
  )
})
