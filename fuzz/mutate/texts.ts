import type { Random } from '../random.ts'

/**
 * What no text of ours contains: a value that bears this mark came from an input. Two letters and digits, so that the
 * gateway's rule that a name with a slip in it may be quoted (letters, dots, blanks) can not apply.
 */
const MARK = 'ZX'

/** A marked value, as an id of a patient may look. */
export function markedId(random: Random): string {
  const digits = Array.from({ length: random.pick([7, 8, 9, 12, 40]) }, () => random.whole(10)).join('')
  return MARK + digits
}

/** Whether a whole value is a marked one. */
export function isMarked(value: string): boolean {
  return /^zx\d{6,}$/i.test(value.trim())
}

/** Marked values anywhere in a text that was folded by `fold`. */
export const MARKED_INSIDE = /zx\d{6,}/

/** A result that is on a card only if an expression in the data was evaluated. */
export const EVALUATED = '60606'

/** Texts that something might trip over, or might take for more than text. */
const ATTACKS: readonly string[] = [
  '[zx](https://evil.example/zx)',
  '![i](http://x.y/z.png)',
  '<at>Sara Alharbi</at>',
  '{{DATE(2025-01-15T14:23:45Z,SHORT)}}',
  '**bold** _it_ `code` ~~x~~',
  '\n\n# head\n- item\n1. item\n> quote\n---\n| a | b |',
  `\${add(40404,20202)}`,
  `\${data.node}\${t.word.yes}`,
  '$' + '{',
  '\uFDD0[a](b)\uFDD1',
  '\u202Eevil\u202C \u2067x\u2069',
  '<https://evil.example>',
  '\\[a\\](b) \\',
  '&lt;at&gt; &#60;',
  'https://evil.example www.evil.example mailto:a@b.c',
  '\u0000',
  '\uD800',
  '\uDC00\uD800',
  '\uFEFF',
  '\u001B[31mred\u001B[0m',
  'iqama 2123456789, patient P-2002, call +966 50 123 4567',
  'رقم الهوية: ١٠٩٨٧٦٥٤٣٢',
  '{"patient":{"name":"Sara","iqama":2123456789}}',
  '\u2028\u2029\r\n\t',
  'e\u0301'.repeat(20),
  '👨‍👩‍👧‍👦🇸🇦',
  'انتهت صلاحية الوثيقة POL-2024-88 بتاريخ 2024-12-31.',
  '٠١٢٣٤٥٦٧٨٩',
  'javascript:alert(1)',
  'https://teams.microsoft.com@evil.example/',
  'http://[::1]:99999/',
  '__proto__',
  'constructor',
  'toString',
  '%',
  '%25%00',
  '"',
  "'; DROP TABLE teams_events; --",
]

/** Times, right and nearly right. */
export const TIMES: readonly string[] = [
  '2026-11-21T10:00:00Z',
  '2025-01-15',
  '1999-12-31T23:59:59.999+14:00',
  '1970-01-01T00:00:00Z',
  '9999-12-31T23:59:59.999999Z',
  '2026-02-30T10:00:00Z',
  '2026-11-21T10:00:00',
  '0000-01-01T00:00:00-23:59',
  '2026-11-21T10:00:00+0300',
  '2016-12-31T23:59:60Z',
  '0001-01-01T00:00:00Z',
  '1447-06-01T10:00:00+03:00',
]

/** Numbers at which something turns over. */
export const NUMBERS: readonly number[] = [
  0,
  -0,
  1,
  -1,
  0.1,
  1e21,
  1e308,
  -1e308,
  5e-324,
  2 ** 53,
  2 ** 31,
  1.005,
  7_314_159_265,
]

/** The same value as people, programs and attackers write it. */
const DISGUISES: readonly ((value: string) => string)[] = [
  (value) => value,
  (value) => value.toLowerCase(),
  (value) => ` ${value}\n`,
  (value) => [...value].join('\u200B'),
  (value) => [...value].map((c) => (/\d/.test(c) ? String.fromCharCode(0x660 + Number(c)) : c)).join(''),
  (value) => [...value].map((c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0)).join(''),
  (value) => value.replace('Z', '%5A'),
  (value) => `patient ${value} was not found (${value}).`,
  (value) => `https://his.example/patients/${value}?id=${value}`,
  (value) => value + value,
  (value) => `${value.slice(0, 5)}\uFEFF${value.slice(5)}`,
  (value) => `${value.slice(0, 6)}\u000B\u20DD${value.slice(6)}`,
  (value) => `${value.slice(0, 5)}\u001B[31m${value.slice(5)}\u001B[0m`,
  (value) => value.replace(/(\d{3})(?=\d)/g, '$1-'),
  (value) => `national id: ${value}`,
  (value) => value.slice(0, -1),
]

/** A value in one of its disguises. */
export function disguised(value: string, random: Random): string {
  return random.pick(DISGUISES)(value)
}

/** A text of any kind: an attack, a time, a marked value, a word of the dictionary, or many of one of these. */
export function anyText(random: Random, words: readonly string[]): string {
  const one = () => {
    switch (random.whole(6)) {
      case 0:
        return random.pick(TIMES)
      case 1:
        return markedId(random)
      case 2:
        return words.length === 0 ? '' : random.pick(words)
      case 3:
        return String.fromCodePoint(random.whole(random.oneIn(4) ? 0x10ffff : 0x700))
      default:
        return random.pick(ATTACKS)
    }
  }
  if (random.oneIn(30)) return one().repeat(random.pick([50, 500, 3_000]))
  if (random.oneIn(4)) return `${one()} ${one()}`
  return one()
}

/** Everything at once that does something on a card where it is not made harmless. */
export const HOSTILE = [
  '[zx](https://evil.example/zx)',
  '<at>Sara Alharbi</at>',
  '{{DATE(2025-01-15T14:23:45Z,SHORT)}}',
  `\${add(40404,20202)}`,
].join(' ')
