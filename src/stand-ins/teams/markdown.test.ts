import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

// The page's scripts are plain JavaScript for browsers and stand outside of the gateway's own types.
const { toHtml } = (await import(new URL('./page/markdown.js', import.meta.url).href)) as {
  toHtml(text: string, mentions?: ReadonlySet<string>): string
}

describe('Markdown as Teams understands it', () => {
  const cases: [string, string][] = [
    ['plain', '<p>plain</p>'],
    ['**bold** and *italic* and _italic_', '<p><strong>bold</strong> and <em>italic</em> and <em>italic</em></p>'],
    ['***both***', '<p><em><strong>both</strong></em></p>'],
    ['**bold _and italic_**', '<p><strong>bold <em>and italic</em></strong></p>'],
    ['2 * 3 * 4', '<p>2 * 3 * 4</p>'],
    ['kube_pod_name and __init__', '<p>kube_pod_name and <strong>init</strong></p>'],
    ['**never closed', '<p>**never closed</p>'],
    ['\\*no\\* \\[no\\](https://x.example)', '<p>*no* [no](https://x.example)</p>'],
    [
      '[site](https://x.example/a?b=1&c=2)',
      '<p><a href="https://x.example/a?b=1&#38;c=2" target="_blank" rel="noopener noreferrer">site</a></p>',
    ],
    [
      '[**site**](http://x.example)',
      '<p><a href="http://x.example" target="_blank" rel="noopener noreferrer"><strong>site</strong></a></p>',
    ],
    ['[x](javascript:alert(1))', '<p>[x](javascript:alert(1))</p>'],
    ['[x](data:text/html,y)', '<p>[x](data:text/html,y)</p>'],
    ['[x](/relative)', '<p>[x](/relative)</p>'],
    ['- one\n- *two*', '<ul><li>one</li><li><em>two</em></li></ul>'],
    ['3. three\r\n4. four', '<ol start="3"><li>three</li><li>four</li></ol>'],
    ['before\n1. one\n- other', '<p>before</p><ol><li>one</li></ol><ul><li>other</li></ul>'],
    ['one\ntwo\n\nthree', '<p>one\ntwo</p><p>three</p>'],
    ['# no heading `no code` > no quote', '<p># no heading `no code` &#62; no quote</p>'],
    ['<b>"&\'</b>', '<p>&#60;b&#62;&#34;&#38;&#39;&#60;/b&#62;</p>'],
    ['<at>Huda</at> and <at>Other</at>', '<p><span class="mention">Huda</span> and &#60;at&#62;Other&#60;/at&#62;</p>'],
    ['', ''],
  ]

  it.each(cases)('%j', (text, html) => {
    expect(toHtml(text, new Set(['Huda']))).toBe(html)
  })

  it('makes only its own tags, for any text', () => {
    const word = fc.constantFrom(
      '*',
      '**',
      '_',
      '[',
      '](',
      ')',
      'https://x.example',
      'javascript:',
      '<',
      '>',
      '"',
      "'",
      '&',
      '\\',
      '\n',
      '- ',
      '1. ',
      '<at>',
      '</at>',
      '<img src=x onerror=y>',
      ' ',
      'a',
    )
    const text = fc.oneof(
      fc.array(word, { maxLength: 40 }).map((words) => words.join('')),
      fc.string(),
    )
    const own =
      /<\/?(p|strong|em|ul|li)>|<\/ol>|<ol( start="\d+")?>|<a href="https:\/\/[^"<>']*" target="_blank" rel="noopener noreferrer">|<\/a>|<span class="mention">|<\/span>/g
    const property = fc.property(text, (value) => {
      expect(toHtml(value, new Set(['a'])).replace(own, '')).not.toMatch(/[<>"]/)
    })
    fc.assert(property, { numRuns: 2000 })
  })

  it('takes no longer for hostile text than for other text', () => {
    const started = process.cpuUsage()
    for (const part of ['*a ', ' *a', '_a*', '[', '[a](', '<at>', '- ', '**a_ '])
      toHtml(part.repeat(28_672 / part.length))
    expect(process.cpuUsage(started).user / 1_000).toBeLessThan(2000)
  })
})
