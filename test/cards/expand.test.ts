import { Template } from 'adaptivecards-templating'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileTemplates } from '../../src/cards/card-compiler.ts'
import { compose } from '../../src/cards/compose.ts'
import { NO_LIMITS } from '../../src/cards/fit.ts'
import { loadTemplates } from '../../src/cards/load.ts'
import { prepare } from '../../src/cards/prepare.ts'
import { compileTemplate } from '../../src/cards/templating.ts'
import { LANGUAGES } from '../../src/catalogue/language.ts'
import type { Json, JsonObject } from '../../src/kernel/json.ts'
import { OPTIONS, REGISTRY, requestFor, TYPES } from './setup.ts'

/** What a template gives for some data, as JSON; `throws` where it can not be expanded. */
function made(expand: () => unknown): string {
  try {
    return JSON.stringify(expand())
  } catch {
    return 'throws'
  }
}
const ours = (template: JsonObject, data: JsonObject) => made(() => compileTemplate(template)(data))
const theirs = (template: JsonObject, data: JsonObject) => made(() => new Template(template).expand({ $root: data }))

const WRITTEN = [
  'plain',
  '',
  `a \\\${x} b`,
  'for $5',
  `\${text} for $5`,
  `\${text}\n\${inner.name}`,
  'a `quoted` \u{1F600}',
  `\${ text }`,
  ...[
    'text',
    'true',
    'false.name',
    'null',
    'undefined',
    'nullable',
    'number',
    'yes',
    'no',
    'nothing',
    'empty',
    'Text',
    'absent',
    'inner.name',
    'inner.absent',
    'inner.deep.text',
    'text.length',
    'list.length',
    'nothing.name',
    'inner',
    'list',
    '$root.text',
    '$root.inner.name',
    '$data',
    '$data.name',
    '$index',
    '$index + 1',
    'name',
    'value',
    'list[0].name',
    "inner['name']",
    "text != ''",
    "empty != ''",
    "nothing != ''",
    "absent != ''",
    "number != ''",
    "list != ''",
    'text != empty',
    "text == 'some text'",
    'not(no)',
    'and(yes, no)',
    'count(list) > 1',
    "if(yes, text, 'x')",
    'if(no, text, null)',
    "join(foreach(list, item, item.name), ', ')",
    'concat(text, number)',
    'div(1, 0)',
    'length(number)',
    "'it''s'",
    "'a constant'",
  ].flatMap((expression) => [`\${${expression}}`, `before \${${expression}} after`, `\${${expression}}\${text}`]),
]

const written = fc.constantFrom(...WRITTEN)
const { element } = fc.letrec<{ node: Json; element: JsonObject }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    written,
    fc.constantFrom<Json>(null, true, 7),
    tie('element'),
    fc.array(tie('node'), { maxLength: 3 }),
  ),
  element: fc
    .record(
      {
        type: fc.constant('TextBlock'),
        text: written,
        items: fc.array(tie('node'), { maxLength: 3 }),
        inside: tie('node'),
        $when: fc.oneof(written, written, fc.constantFrom<Json>('', 'yes', true, false, null)),
        $data: written,
      },
      { requiredKeys: [] },
    )
    .map((record) => record as JsonObject),
}))

const leaf = fc.constantFrom<Json>('some text', '', 0, 3.5, true, false)
const item = fc.oneof(leaf, fc.record({ name: leaf, value: leaf }), fc.record({ name: leaf, list: fc.array(leaf) }))
const data = fc.record({
  text: fc.constantFrom('some text', 'ب', ''),
  number: fc.constantFrom(0, 3, 1.5),
  yes: fc.constant(true),
  no: fc.constant(false),
  nothing: fc.constant(null),
  empty: fc.constant(''),
  list: fc.array(item as fc.Arbitrary<Json>, { maxLength: 3 }),
  inner: fc.record({ name: leaf, deep: fc.record({ text: leaf }) }),
})

describe('a compiled template', () => {
  it('gives the same as the official engine, with an expression in any place', () => {
    const item = { name: 'first', value: 'of two' }
    const inner = { name: 'inner', deep: { text: 'deep' } }
    const given = {
      text: 'some text',
      number: 3,
      yes: true,
      no: false,
      nothing: null,
      empty: '',
      inner,
      list: [item, 'x'],
    }
    for (const text of WRITTEN) {
      const template = {
        text,
        all: [
          { a: 1, $when: text },
          { b: 2, text, $data: text },
          { $data: `\${list}`, text },
        ],
      }
      expect(ours(template, given), text).toBe(theirs(template, given))
      expect(ours({ items: template.all.slice(0, 2) }, given), text).toBe(
        theirs({ items: template.all.slice(0, 2) }, given),
      )
    }
  })

  it('gives the same as the official engine, for generated templates and data', () => {
    let expanded = 0
    fc.assert(
      fc.property(element, data, (template, given) => {
        const expected = theirs(template, given)
        // A card is an object; the official engine also expands what is none.
        const card = expected.startsWith('{') ? expected : 'throws'
        expect(ours(template, given)).toBe(card)
        if (card !== 'throws') expanded += 1
      }),
      { numRuns: 200 },
    )
    expect(expanded).toBeGreaterThan(20)
  })

  it.each(LANGUAGES)('gives the same as the official engine for every built-in card, in %s', (language) => {
    const { cardSet, types } = compileTemplates(OPTIONS)
    const { files } = loadTemplates(undefined)
    const languagePack = cardSet.languagePacks[language]
    // One type of each card.
    for (const type of new Map(TYPES.map((type) => [REGISTRY.eventTypes.get(type)?.card, type])).values()) {
      const request = requestFor(type, language)
      const { uses, lists } = cardSet.cards.get(request.card) ?? cardSet.minimal
      const file = files.cards.get(request.card)?.template ?? {}
      const { framed } = compose(file, files.frame.template, files.components)
      const around = { languagePack, groups: ['SRE'], mentions: '<at>Sara</at>', shortened: true, note: true }
      for (const data of [request.event.data, {}]) {
        const event = { ...request.event, data }
        const fields = types.get(type)?.fields ?? new Map()
        const given = prepare({ ...request, event }, fields, uses, lists, around, NO_LIMITS)
        const card = ours(framed, given)
        expect(card).toMatch(/^\{/)
        expect(card).toBe(theirs(framed, given))
      }
    }
  })

  it('expands parts without an expression once', () => {
    const expand = compileTemplate({ body: [{ type: 'TextBlock', text: 'ours' }], text: `\${text}` })
    const [one, other] = [expand({ text: 'a' }), expand({ text: 'b' })]
    expect([one.text, other.text]).toEqual(['a', 'b'])
    expect(one.body).toBe(other.body)
  })
})
