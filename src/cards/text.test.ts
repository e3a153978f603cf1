import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cleanText } from '../kernel/characters.ts'
import { CLOSE, cut, cutMiddle, escapeMarkdown, finishText, keepIndentation, listed, OPEN } from './text.ts'

const wild = fc.string({ unit: 'binary', maxLength: 200 })
const marked = (text: string) => OPEN + cleanText(text) + CLOSE

describe('a piece of outside text in Markdown', () => {
  it.each([
    ['[here](https://evil.example)', '\\[here\\](https://evil.example)'],
    ['<at>Sara</at>', '<\u2060at>Sara<\u2060/at>'],
    ['{{DATE(2025-01-15T14:23:45Z,SHORT)}}', '{\u2060{DATE(2025-01-15T14:23:45Z,SHORT)}}'],
    ['kube_pod_x', 'kube\\_pod\\_x'],
    ['**bold** `code` ~x~', '\\*\\*bold\\*\\* \\`code\\` \\~x\\~'],
    ['C:\\new', 'C:\\\\new'],
    ['&lt;b&gt;', '\\&lt;b\\&gt;'],
    ['- item', '\\- item'],
    ['1. item', '1\\. item'],
    ['# head', '\\# head'],
    ['one\ntwo', 'one two'],
    ['https://teams.microsoft.com@evil.example/', 'https:/\u2060/teams.microsoft.com@evil.example/'],
    ['javascript://x', 'javascript:/\u2060/x'],
    ['mailto:a@b.example', 'mailto\u2060:a@b.example'],
    // A web address is copied whole: nothing invisible in it, and what Markdown takes away is all that is added.
    ['https://hsb.nphies.sa/$process-message?a=1&b=2#c', 'https://hsb.nphies.sa/$process-message?a=1&b=2#c'],
    ['see http://10.0.0.5:9090/graph, www.example.sa', 'see http://10.0.0.5:9090/graph, www.example.sa'],
    // What is no Markdown stays as it is, so that it can be copied.
    ['-5', '-5'],
    ['10.0.0.5:8080', '10.0.0.5:8080'],
    ['CLM-2025-001234', 'CLM-2025-001234'],
    ['a < b & c', 'a < b & c'],
  ])('%j becomes %j', (text, expected) => {
    expect(escapeMarkdown(text)).toBe(expected)
    expect(finishText(marked(text), 'markdown', 'en')).toBe(expected)
  })

  it('has no active Markdown after escaping', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...'[]()<>{}*_`~|\\#-+!&.:/ \n1aAt@', 'at', 'DATE', 'http', '://')),
        (parts) => {
          const safe = escapeMarkdown(cleanText(parts.join('')))
          const unescaped = safe.replace(/\\./g, '·')
          expect(unescaped).not.toMatch(/[[\]*_`~|\\\n]/)
          expect(unescaped).not.toMatch(/<[a-z/!?]/i)
          expect(safe).not.toMatch(/\{\{|(?<!http):\/\/|:\/\/[^\s/?#]*@|^\s*([-+#>]\s|\d+[.)]\s)/)
        },
      ),
      { numRuns: 1_000 },
    )
  })

  it('is escaped the same alone and at the start of a longer text', () => {
    const part = fc.constantFrom(...'[]()<>{}*_`~|\\#-+!&.:/;=% \n\t1aAtب', 'at', 'www', 'mailto', '//', 'amp')
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
        const text = cleanText(parts.join('')).trimEnd()
        expect(escapeMarkdown(`${text} :`)).toBe(`${escapeMarkdown(text)} :`)
      }),
      { numRuns: 5_000 },
    )
  })

  it('is the original text without the added backslashes and joiners', () => {
    fc.assert(
      fc.property(wild, (text) => {
        const shown = escapeMarkdown(cleanText(text)).replace(/\\(.)/gu, '$1').replaceAll('\u2060', '')
        expect(shown).toBe(cleanText(text).replace(/\s+/g, ' ').replaceAll('\u2060', ''))
      }),
    )
  })
})

describe('finishText', () => {
  it('breaks up mentions and date functions in plain text, and changes nothing else', () => {
    const text = '<at>x</at> {{TIME(2025-01-15T14:23:45Z)}} [a](b) *c* https://d'
    expect(finishText(marked(text), 'plain', 'en')).toBe(
      '<\u2060at>x<\u2060/at> {\u2060{TIME(2025-01-15T14:23:45Z)}} [a](b) *c* https://d',
    )
  })

  it('lets two pieces make no mention or date function together', () => {
    const text = `${marked('<')}${marked('at>x')}${marked('{')}${marked('{DATE(2025-01-15T14:23:45Z)}}')}`
    expect(finishText(text, 'plain', 'en')).not.toMatch(/<at|\{\{/)
    expect(finishText(text, 'markdown', 'en')).not.toMatch(/<at|\{\{/)
  })

  it('handles a single piece as it does beside an empty one', () => {
    const place = fc.constantFrom('markdown' as const, 'plain' as const, 'verbatim' as const)
    fc.assert(
      fc.property(wild, place, (text, where) => {
        // The mark that opens nothing keeps the quick way from being taken.
        expect(finishText(marked(text), where, 'en')).toBe(
          finishText(`${CLOSE}${marked(text)}`, where, 'en').replace(/^\u2060/, ''),
        )
      }),
    )
  })

  it('does not touch our own words around a piece', () => {
    expect(finishText(`**${marked('x')}** [ours](https://a.b)`, 'markdown', 'en')).toBe('**x** [ours](https://a.b)')
  })

  it('removes every mark, in any place', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(wild, fc.constantFrom(OPEN, CLOSE))), (parts) => {
        for (const place of ['markdown', 'plain', 'verbatim'] as const)
          expect(finishText(parts.join(''), place, 'ar')).not.toMatch(/[\uFDD0\uFDD1]/)
      }),
    )
  })

  it('isolates left-to-right pieces in Arabic, and runs of them inside Arabic text', () => {
    expect(finishText(`رقم: ${marked('CLM-2025-001')}`, 'plain', 'ar')).toBe('رقم: \u2066CLM-2025-001\u2069')
    expect(finishText(marked('بتاريخ 2024-12-31.'), 'plain', 'ar')).toBe('بتاريخ \u20662024-12-31\u2069.')
    expect(finishText(marked('first.\nsecond.'), 'plain', 'ar')).toBe('\u2066first.\u2069\n\u2066second.\u2069')
  })

  it.each([
    ['امتلأ /var/log/app.log', 'امتلأ \u2066/var/log/app.log\u2069'],
    ['راجع ~/x.sh و ../y و \\\\srv\\c', 'راجع \u2066~/x.sh\u2069 و \u2066../y\u2069 و \u2066\\\\srv\\c\u2069'],
    ['المجلد /var/log/ ممتلئ', 'المجلد \u2066/var/log/\u2069 ممتلئ'],
    ['افتح https://a.sa/x/', 'افتح \u2066https://a.sa/x/\u2069'],
    // Between two words a slash belongs to neither.
    ['نعم/no', 'نعم/\u2066no\u2069'],
    ['-200.00 ر.س', '\u2066-200.00\u2069 ر.س'],
    ['no/نعم', '\u2066no\u2069/نعم'],
  ])('keeps a path, or a number with its sign, in one piece: %s', (text, expected) => {
    expect(finishText(marked(text), 'plain', 'ar')).toBe(expected)
  })

  it('isolates a long text without letters quickly', () => {
    const started = process.cpuUsage()
    for (const unit of ['+', '/', ' /', '~/', '.'])
      finishText(marked(`\u0627${unit.repeat(200_000 / unit.length)}`), 'plain', 'en')
    // A search from every plus sign to the end takes a minute.
    expect(process.cpuUsage(started).user / 1_000).toBeLessThan(2_000)
  })

  it('isolates Arabic pieces in English', () => {
    expect(finishText(`Payer: ${marked('التعاونية (102)')}`, 'plain', 'en')).toBe(
      'Payer: \u2068التعاونية (\u2066102\u2069)\u2069',
    )
  })
})

describe('cutting', () => {
  const graphemes = (text: string) =>
    [...new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(text)].map(({ segment }) => segment)

  it('marks a cut text and keeps to the limit', () => {
    expect(cut('abcdef', 6)).toBe('abcdef')
    expect(cut('abcdef', 5)).toBe('abcd…')
    expect(cut('abcdef', 0)).toBe('')
  })

  it('never halves a character', () => {
    const family = '👩‍👩‍👧‍👦'
    const text = fc
      .array(fc.constantFrom('a', 'ب', family, '🇸🇦', 'é', 'e\u0301', ' ', '\u0651', '字'))
      .map((p) => p.join(''))
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 60 }), (given, most) => {
        const result = cut(given, most)
        expect(result.length).toBeLessThanOrEqual(most)
        if (result === given) return
        expect(result.endsWith('…')).toBe(true)
        const kept = graphemes(result.slice(0, -1))
        expect(graphemes(given).slice(0, kept.length)).toEqual(kept)
      }),
      { numRuns: 500 },
    )
  })

  it('cuts a very long grapheme, but not inside a surrogate pair', () => {
    expect(cut(`a${'\u0301'.repeat(5_000)}`, 100).length).toBeLessThanOrEqual(100)
    expect(cut('😀\u200D'.repeat(500), 100).isWellFormed()).toBe(true)
  })

  it('keeps the first and the last lines of code', () => {
    const lines = Array.from({ length: 100 }, (_, i) => `line ${i}`)
    const result = cutMiddle(lines.join('\n'), 200)
    expect(result.length).toBeLessThanOrEqual(200)
    expect(result).toMatch(/^line 0\nline 1\n/)
    expect(result).toMatch(/\n…\n/)
    expect(result).toMatch(/line 99$/)
    fc.assert(
      fc.property(fc.array(wild), fc.integer({ min: 2, max: 500 }), (parts, most) => {
        expect(cutMiddle(parts.join('\n'), most).length).toBeLessThanOrEqual(Math.max(most, 0))
      }),
    )
  })
})

describe('indentation and lists of names', () => {
  it('keeps indentation', () => {
    expect(keepIndentation('a b\n  c\n\td')).toBe('a b\n\u00A0\u00A0c\n\u00A0\u00A0\u00A0\u00A0d')
  })

  it('lists names as each language does', () => {
    expect(listed(['SRE', 'PMO'], 'en')).toBe('SRE, PMO')
    expect(listed(['SRE', 'PMO'], 'ar')).toBe('\u2066SRE\u2069، \u2066PMO\u2069')
  })
})
