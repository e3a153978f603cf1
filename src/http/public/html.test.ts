import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { html } from './html.ts'

describe('a template of HTML', () => {
  it('escapes values for texts and for attributes in quotes', () => {
    const page = html`<p title="${'"x\' onclick=y'}">${'<b>&amp;</b>'}</p>`
    expect(page.text).toBe('<p title="&quot;x&#39; onclick=y">&lt;b&gt;&amp;amp;&lt;/b&gt;</p>')
  })

  it('keeps other templates as they are, joins lists, and leaves out what is missing', () => {
    const lines = ['<1>', '2'].map((line) => html`<li>${line}</li>`)
    expect(html`<ul>${lines}${undefined}${null}${false}</ul>${0}`.text).toBe('<ul><li>&lt;1&gt;</li><li>2</li></ul>0')
  })

  it('has no tag and no quote of any value', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        expect(html`${value}`.text).not.toMatch(/[<>"']/)
      }),
    )
  })
})
