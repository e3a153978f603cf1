import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { createRenderer } from '../../src/cards/renderer.ts'
import { CARD_DATA, type CardName } from '../../src/catalogue/card-data.ts'
import { LANGUAGES, type Language } from '../../src/catalogue/language.ts'
import { PRIORITIES } from '../../src/catalogue/priority.ts'
import { teamsBytes } from '../../src/contract/card-size.ts'
import { cleanText } from '../../src/kernel/characters.ts'
import type { JsonObject } from '../../src/kernel/json.ts'
import { activeContent, elementsOf, readable, textsOf } from './inspect.ts'
import { OPTIONS, REGISTRY, requestFor, TYPES } from './setup.ts'

const ATTACKS = [
  '[click](https://evil.example)',
  '<at>Sara Alharbi</at>',
  '{{DATE(2025-01-15T14:23:45Z,SHORT)}}',
  '**bold** _it_ `code` ~~x~~',
  '![i](http://x.y/z.png)',
  '\n\n# head\n- item\n1. item\n> quote',
  `\${data.node} \${t.word.yes}`,
  '\uFDD1[a](b)\uFDD0',
  '\u202Eevil\u202C \u2067x',
  '<https://evil.example>',
  '\\[a\\](b)',
  '&lt;at&gt;',
]

const text = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
  {
    weight: 3,
    arbitrary: fc.array(fc.constantFrom(...ATTACKS), { minLength: 1, maxLength: 3 }).map((all) => all.join('')),
  },
  { weight: 1, arbitrary: fc.constantFrom('انتهت صلاحية الوثيقة POL-2024-88 بتاريخ 2024-12-31.', 'x'.repeat(999)) },
)
const huge = fc.oneof(
  { weight: 8, arbitrary: text },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...ATTACKS, 'ب', '字', '😀').map((part) => part.repeat(19_000 / part.length)),
  },
)

/** Any value that a schema takes; what comes out is checked against the schema itself. */
function arbitraryFor(schema: z.core.$ZodType): fc.Arbitrary<unknown> {
  const def = (schema as z.core.$ZodTypes)._zod.def
  switch (def.type) {
    case 'optional':
      return fc.option(arbitraryFor(def.innerType), { nil: undefined })
    case 'nullable':
      return fc.option(arbitraryFor(def.innerType), { nil: null })
    case 'pipe':
      return arbitraryFor(def.in)
    case 'union':
      return fc.oneof(...def.options.map(arbitraryFor))
    case 'string':
      return stringFor(schema)
    case 'number':
      return fc.oneof(fc.nat(), fc.double({ noNaN: true, noDefaultInfinity: true }))
    case 'boolean':
      return fc.boolean()
    case 'enum':
      return fc.constantFrom(...Object.values(def.entries))
    case 'array':
      return fc.oneof(
        { weight: 6, arbitrary: fc.array(arbitraryFor(def.element), { maxLength: 4 }) },
        { weight: 1, arbitrary: arbitraryFor(def.element).map((item) => Array.from({ length: 1_000 }, () => item)) },
      )
    case 'record':
      return fc.dictionary(text, arbitraryFor(def.valueType), { maxKeys: 8 })
    case 'object':
      return fc.record(Object.fromEntries(Object.entries(def.shape).map(([name, item]) => [name, arbitraryFor(item)])))
    default:
      throw new TypeError(`no arbitrary for ${def.type}`)
  }
}

/** Text for a field of lines is short, and long now and then where the schema takes it. */
function stringFor(schema: z.core.$ZodType): fc.Arbitrary<unknown> {
  const format = (schema._zod.def as { format?: unknown }).format
  if (format === 'datetime') return fc.constantFrom('2025-01-15T14:23:45Z', '1999-12-31T23:59:59.999+14:00')
  if (format === 'date') return fc.constantFrom('2025-01-15', '1999-12-31')
  if (format === 'url') return fc.webUrl()
  if (format === 'uuid') return fc.uuid({ version: 7 })
  const takesMuch = (schema as z.ZodType).safeParse('x'.repeat(19_000)).success
  return (takesMuch ? huge : text).filter((made) => (schema as z.ZodType).safeParse(made).success)
}

/** Any data of a card that passes its schema, as it is after it was accepted. */
function dataFor(card: CardName): fc.Arbitrary<JsonObject> {
  return arbitraryFor(CARD_DATA[card]).chain((made) => {
    const parsed = CARD_DATA[card].safeParse(made)
    return parsed.success ? fc.constant(JSON.parse(JSON.stringify(parsed.data)) as JsonObject) : fc.constant({})
  })
}

const cards = Object.keys(CARD_DATA) as CardName[]
const typeOf = (card: CardName) => TYPES.find((type) => REGISTRY.eventTypes.get(type)?.card === card) ?? ''
const anything = fc.constantFrom(...cards).chain((card) =>
  fc.record({
    type: fc.constant(typeOf(card)),
    data: dataFor(card),
    language: fc.constantFrom<Language>(...LANGUAGES),
    correlationId: text.map((id) => id.slice(0, 200) || 'id'),
    priority: fc.constantFrom(...PRIORITIES),
    repeat: fc.boolean(),
    transport: fc.constantFrom('workflows' as const, 'bot' as const),
    mentions: fc.array(fc.record({ name: text, id: fc.constant('a@b.sa'), priorities: fc.constant(PRIORITIES) }), {
      maxLength: 2,
    }),
    maxBytes: fc.constantFrom(2_048, 4_096, 8_192, 27_136),
  }),
)
type Anything = typeof anything extends fc.Arbitrary<infer A> ? A : never

const renderers = new Map(
  [2_048, 4_096, 8_192, 27_136].map((maxBytes) => [maxBytes, createRenderer({ ...OPTIONS, maxBytes })]),
)

function drawn({ type, data, language, correlationId, priority, repeat, transport, mentions, maxBytes }: Anything) {
  const over = { repeat, transport, channel: { mentions }, event: { data, correlationId, priority } }
  const rendered = renderers.get(maxBytes)?.render(requestFor(type, language, over))
  if (rendered === undefined) throw new TypeError('no renderer')
  return rendered
}

describe('the card of any event that its schema takes', () => {
  it('fits, is the same each time, and reports its own size', () => {
    fc.assert(
      fc.property(anything, (given) => {
        const result = drawn(given)
        expect(result.bytes).toBe(teamsBytes(result.card))
        expect(result.bytes).toBeLessThanOrEqual(given.maxBytes)
        expect(drawn(given)).toEqual(result)
      }),
      { numRuns: 300 },
    )
  }, 60_000)

  it('contains no Markdown, link, mention or date function that came from outside', () => {
    fc.assert(
      fc.property(anything, (given) => {
        const { card } = drawn({ ...given, mentions: [] })
        expect(activeContent(card)).toEqual([])
        // A bot gets the id back from a button as it was sent; it is not displayed.
        const shown = textsOf(card).filter(({ key }) => key !== 'correlation_id')
        expect(JSON.stringify(shown)).not.toMatch(/[\uFDD0\uFDD1\u202A-\u202E]|\[object Object\]/)
      }),
      { numRuns: 300 },
    )
  }, 60_000)

  // Regression: this test once parsed each address, and took "https://evil.example…" for Markdown since it is no URL.
  it.each([8_192, 27_136])('contains no link where an address was cut to fit into %i bytes', (maxBytes) => {
    const part = '<https://evil.example>'
    for (let phase = 0; phase < part.length; phase += 1) {
      const threshold = part.repeat(1_000).slice(phase, phase + 19_000)
      const event = { data: { component: 'c', summary: 's', threshold } }
      const rendered = renderers.get(maxBytes)?.render(requestFor('prometheus.alert.firing', 'en', { event }))
      expect(JSON.stringify(rendered?.card)).toMatch(/evil[^"]*…/)
      expect(rendered && activeContent(rendered.card)).toEqual([])
    }
  })

  it('shows its priority, the event type and correlation id where they fit, and whether it was shortened or may be a repeat', () => {
    fc.assert(
      fc.property(anything, (given) => {
        const { card, shrunk } = drawn(given)
        const shown = readable(card)
        const words = WORDS[given.language]
        expect(shown).toContain(words.priority[given.priority])
        if (given.maxBytes > 2_048) expect(shown).toContain(given.type)
        if (given.maxBytes > 4_096) expect(oneLine(shown)).toContain(oneLine(cleanText(given.correlationId)))
        expect(words.shortened.test(shown)).toBe(shrunk !== 'whole')
        if (given.repeat) expect(shown).toMatch(words.repeat)
      }),
      { numRuns: 300 },
    )
  }, 60_000)

  it('reads from right to left in Arabic, in every container', () => {
    fc.assert(
      fc.property(anything, (given) => {
        const { card } = drawn({ ...given, language: 'ar' })
        expect(card.lang).toBe('ar')
        for (const element of elementsOf(card)) {
          if (['AdaptiveCard', 'Container', 'Column'].includes(String(element.type)))
            expect(element).toHaveProperty('rtl')
        }
        expect(card.rtl).toBe(true)
        // What we write ourselves is in Latin digits; an event's own stay as they came.
        if (!ARABIC_DIGITS.test(JSON.stringify(given))) expect(JSON.stringify(card)).not.toMatch(ARABIC_DIGITS)
      }),
      { numRuns: 60 },
    )
  }, 60_000)
})

const ARABIC_DIGITS = /[٠-٩۰-۹]/

const oneLine = (shown: string) => shown.replace(/\s+/g, ' ').replaceAll('\u2060', '')

const WORDS = {
  en: {
    priority: { CRITICAL: 'CRITICAL', HIGH: 'HIGH', MEDIUM: 'MEDIUM', LOW: 'LOW', INFO: 'INFO' },
    shortened: /Shortened to fit into Teams|- shortened/,
    repeat: /This may be a repeat|may be a repeat/,
  },
  ar: {
    priority: { CRITICAL: 'حرِج', HIGH: 'عالية', MEDIUM: 'متوسطة', LOW: 'منخفضة', INFO: 'للعلم' },
    shortened: /اختُصرت هذه البطاقة|مختصرة/,
    repeat: /قد تكون هذه البطاقة مكررة|قد تكون مكررة/,
  },
}
