import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { RendererOptions } from '../../src/cards/card-compiler.ts'
import { loadTemplates } from '../../src/cards/load.ts'
import { checkTemplates, createRenderer } from '../../src/cards/renderer.ts'
import { textAt } from '../../src/cards/strings.ts'
import { CARD_DATA } from '../../src/catalogue/card-data.ts'
import type { EventTypeDefinition } from '../../src/catalogue/catalogue.ts'
import { EVENT_TYPES } from '../../src/catalogue/event-types.ts'
import { LANGUAGES } from '../../src/catalogue/language.ts'
import { isGatewayError } from '../../src/kernel/errors.ts'
import { activeContent, readable } from './inspect.ts'
import { OPTIONS, REGISTRY, requestFor, TYPES } from './setup.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'templates-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function write(name: string, content: unknown): void {
  const file = join(folder, name)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
}

/** A type of the user's own with the card `lab`. */
const LAB: EventTypeDefinition = {
  name: 'lab.result.ready',
  priority: 'LOW',
  stakeholders: ['pmo'],
  card: 'lab',
  schema: z
    .object({
      lab: z.string(),
      price: CARD_DATA.nphies_claim_approved.shape.net_amount,
      taken_at: CARD_DATA.system_alert.shape.starts_at,
      urgent: z.boolean().optional(),
      tests: z.array(z.json()).optional(),
      tags: z.record(z.string(), z.json()).optional(),
    })
    .loose(),
  phiFields: new Set(),
  fingerprint: [],
  groupBy: undefined,
  dedup: [],
  resolves: [],
}

function options(...types: EventTypeDefinition[]): RendererOptions {
  const eventTypes = new Map([...REGISTRY.eventTypes, ...types.map((type) => [type.name, type] as const)])
  return { ...OPTIONS, catalogue: { ...REGISTRY, eventTypes, templatesDir: folder } }
}

const card = (...body: unknown[]) => ({ type: 'AdaptiveCard', version: '1.5', fallbackText: 'Lab', body })
const text = (value: string, more = {}) => ({ type: 'TextBlock', text: value, ...more })

/** The problems of a card as `place: found`, its file left out. */
function problemsWith(template: unknown): string[] {
  write('lab.json', template)
  return checkTemplates(options(LAB)).problems.map(
    ({ at, found }) => `${at.replace(join(folder, 'lab.json'), '')}: ${found}`,
  )
}

describe('the built-in templates', () => {
  it('have no problems', () => {
    const { cards, problems } = checkTemplates(OPTIONS)
    expect(problems).toEqual([])
    expect([...cards].sort()).toEqual(Object.keys(CARD_DATA).sort())
  })

  it('have a title and a meaning for every built-in type, in both languages', () => {
    const { strings } = loadTemplates(undefined).files
    for (const type of TYPES) {
      for (const language of LANGUAGES) {
        expect(textAt(strings[language], 'events', type, 'title'), `${type} ${language}`).toMatch(/\S/)
        expect(textAt(strings[language], 'events', type, 'meaning'), `${type} ${language}`).toMatch(/\S/)
      }
    }
  })
})

describe('an invalid template', () => {
  const nowhere = 'data.nowhere'
  it.each([
    ['a field that the schema lacks', card(text(`\${${nowhere}}`)), '#/body/0/text: data.nowhere'],
    ['a field in a condition', card(text('x', { $when: `\${has.nowhere}` })), '#/body/0/$when: has.nowhere'],
    ['an unknown string', card(text(`\${t.field.nowhere}`)), '#/body/0/text: t.field.nowhere'],
    ['an unknown name of the event', card(text(`\${event.nowhere}`)), '#/body/0/text: event.nowhere'],
    ['a name without its namespace', card(text(`\${lab}`)), '#/body/0/text: lab'],
    ['an unknown element', card({ type: 'Blink', text: 'x' }), '#/body/0/type: the unknown type Blink'],
    [
      'a nested unknown element',
      card({ type: 'Container', items: [{ type: 'Blink' }] }),
      '#/body/0/items/0/type: the unknown type Blink',
    ],
    ['an element without a type', card({ text: 'x' }), '#/body/0/type: nothing'],
    [
      'Action.Execute',
      { ...card(), actions: [{ type: 'Action.Execute', title: 'x', verb: 'y' }] },
      '#/actions/0/type: Action.Execute',
    ],
    [
      'Action.Submit in an ActionSet',
      card({ type: 'ActionSet', actions: [{ type: 'Action.Submit' }] }),
      '#/body/0/actions/0/type: Action.Submit',
    ],
    ['no fallback text', { ...card(), fallbackText: undefined }, '#/fallbackText: nothing'],
    ['a newer version', { ...card(), version: '1.6' }, '#/version: something else'],
    ['no body', { ...card(), body: undefined }, '#/body: no list'],
    ['a Teams element without fallback', card({ type: 'CodeBlock', codeSnippet: 'x' }), '#/body/0/fallback: nothing'],
    ['an unknown button', { ...card(), $buttons: ['detonate'] }, '#/$buttons/0: a button that there is not'],
    [
      'an unknown component',
      card({ type: 'Container', $include: 'nowhere' }),
      '#/body/0: a component that there is not',
    ],
    [
      'a component without its values',
      card({ type: 'Container', $include: 'prose' }),
      '#/body/0: an include that lacks values',
    ],
    [
      'an unknown function',
      card(text(`\${explode(data.lab)}`)),
      '#/body/0/text: the function explode, which there is not',
    ],
    ['an expression without end', card(text(`\${data.lab`)), '#/body/0/text: an expression without its closing brace'],
    [
      'a backtick',
      card(text(`\`\${data.lab}\``)),
      '#/body/0/text: a backtick beside an expression, which the expression language can not read',
    ],
    [
      'a text that is used as a list',
      card(text(`\${name}`, { $data: `\${data.lab}` })),
      '#/body/0/text: data.lab.*.name',
    ],
    ['something that may be absent', card(text(`\${raw.tags.x}`)), `: \${raw.tags.x}, which may be absent`],
    ['a key that may be absent', card(text(`\${raw.tags['x']}`)), ': an expression that can not be evaluated'],
    ['a property that the parser refuses', card(text('x', { size: 'Enormous' })), ': Invalid value "Enormous"'],
    ['a rule for no list', { ...card(), $lists: { lab: { most: 3 } } }, '#/$lists/lab: a name that no list has'],
    ['a rule of no items', { ...card(), $lists: { tests: { most: 0 } } }, '#/$lists/tests/most: something else'],
    [
      'a rule that names no number',
      { ...card(), $lists: { tests: { others: 'lab' } } },
      '#/$lists/tests/others: a name that no number field has',
    ],
    ['an unknown rule', { ...card(), $lists: { tags: { least: 1 } } }, '#/$lists/tags/least: a rule that there is not'],
    ['a rule that is none', { ...card(), $lists: { tests: 3 } }, '#/$lists/tests: no object'],
    ['rules that are none', { ...card(), $lists: 3 }, '#/$lists: no object'],
    ['no JSON', '{ "type": ', ': Unexpected end of JSON input'],
    ['no object', '[]', ': no object'],
  ])('is reported with its path: %s', (_, template, expected) => {
    const problems = problemsWith(template)
    expect(problems.length).toBeGreaterThan(0)
    expect(problems.join('\n')).toContain(expected)
  })

  it('makes createRenderer throw every problem of every file at once', () => {
    write('lab.json', card(text(`\${data.nowhere}`), { type: 'Blink' }))
    write('system_alert.json', '{')
    try {
      createRenderer(options(LAB))
      expect.unreachable()
    } catch (error) {
      expect(isGatewayError(error, 'invalid_template')).toBe(true)
      const places = isGatewayError(error) ? error.problems.map(({ at }) => at.replace(folder, '')) : []
      expect(places).toEqual(
        expect.arrayContaining(['/lab.json#/body/0/text', '/lab.json#/body/1/type', '/system_alert.json']),
      )
    }
  })

  it('is reported when an event type names a missing one', () => {
    const { problems } = checkTemplates(options(LAB))
    expect(problems).toEqual([
      { at: 'event type lab.result.ready', found: 'the card lab, which has no template', expected: 'lab.json' },
    ])
  })

  it('may not replace the frame', () => {
    write('components/frame.json', card())
    expect(checkTemplates(options()).problems[0]?.found).toBe('the name of a built-in component')
  })

  it('is reported when its folder does not exist', () => {
    const missing = { ...OPTIONS, catalogue: { ...REGISTRY, templatesDir: join(folder, 'nowhere') } }
    expect(checkTemplates(missing).problems[0]?.found).toBe('no such folder')
  })

  it('is reported for a title with a field that the data lack, or that is no text', () => {
    write('lab.json', card(text('x')))
    for (const [language, title] of [
      ['en', '{lab} {nowhere}'],
      ['ar', '{tests}'],
    ] as const)
      write(`strings/${language}.json`, { events: { 'lab.result.ready': { title, meaning: '' } } })
    const expected = 'one of: {lab}, {price}, {taken_at}, {urgent}'
    expect(checkTemplates(options(LAB)).problems).toEqual([
      { at: 'strings/en.json#/events/lab.result.ready/title', found: '{nowhere}', expected },
      { at: 'strings/ar.json#/events/lab.result.ready/title', found: '{tests}', expected },
    ])
  })

  it('is reported for a string that one language lacks', () => {
    write('strings/en.json', { field: { lab: 'Laboratory' } })
    expect(checkTemplates(options()).problems).toEqual([
      { at: 'strings/ar.json#/field/lab', found: 'nothing', expected: 'a text, since another language has one' },
    ])
  })
})

describe("a template of the user's own", () => {
  it('has the title of a built-in event type in its own words, and the meaning as it was', () => {
    const { meaning } = EVENT_TYPES['vault.seal.detected'].words.en
    write('strings/en.json', { events: { 'vault.seal.detected': { title: 'Seal of the house' } } })
    const renderer = createRenderer(options())
    const json = JSON.stringify(renderer.render(requestFor('vault.seal.detected', 'en')).card)
    expect(json).toContain('Seal of the house')
    expect(json).toContain(meaning)
    expect(json).not.toContain(EVENT_TYPES['vault.seal.detected'].words.en.title)
  })

  it('draws a new card with its own words, inside the frame', () => {
    write('strings/en.json', {
      field: { lab: 'Laboratory' },
      events: { 'lab.result.ready': { title: 'Result is ready', meaning: '' } },
    })
    write('strings/ar.json', {
      field: { lab: 'المختبر' },
      events: { 'lab.result.ready': { title: 'النتيجة جاهزة', meaning: '' } },
    })
    write('components/tests.json', {
      type: 'Container',
      items: [text(`\${name}: \${result}`, { $data: `\${data.@list}` }), text(`\${more.@list}`)],
    })
    write('lab.json', {
      ...card(
        { type: 'FactSet', facts: [{ title: `\${t.field.lab}`, value: `\${data.lab}` }] },
        text(`\${data.price} \${data.taken_at}`),
        text('urgent', { $when: `\${raw.urgent}` }),
        text(`\${data.urgent}`),
        { type: 'Container', $include: 'tests', $with: { list: 'tests' } },
        text(`\${name}=\${value}`, { $data: `\${data.tags}` }),
      ),
      $buttons: ['acknowledge', 'logs'],
      actions: [
        { type: 'Action.OpenUrl', title: 'Ours', url: 'https://lab.example.sa/' },
        { type: 'Action.OpenUrl', title: 'From data', url: `\${data.lab}` },
      ],
      $data: { data: { lab: 'shown in the designer only' } },
    })
    const renderer = createRenderer(options(LAB))
    const data = {
      lab: 'Lab *1*',
      price: 12.5,
      taken_at: '2025-01-15T00:00:00Z',
      urgent: true,
      tests: [{ name: 'CBC', result: 'ok' }, { name: 'HbA1c' }, 'odd'],
      tags: { a: 1 },
    }
    const event = { eventType: LAB.name, data, priority: LAB.priority }
    const english = renderer.render({ ...requestFor('vault.seal.detected', 'en', { event }), card: 'lab' }).card
    const shown = readable(english)
    for (const line of [
      'Result is ready',
      'Laboratory',
      'Lab *1*',
      'SAR 12.50 15 Jan 2025, 03:00:00 GMT+3',
      'urgent',
      'Yes',
    ])
      expect(shown).toContain(line)
    for (const line of ['CBC: ok', 'HbA1c: ', 'a=1', 'lab.result.ready', 'vault-seal-abc123'])
      expect(shown).toContain(line)
    expect(JSON.stringify(english)).not.toMatch(/\$\{|\$data|\$buttons|designer only/)
    const link = expect.stringMatching(/^https:\/\/teams-actions\.example\.sa\/act\/[\w~-]+$/)
    expect(english.actions).toEqual([
      { type: 'Action.OpenUrl', title: 'Acknowledge', url: link },
      { type: 'Action.OpenUrl', title: 'Logs', url: 'https://logs.example.sa/search?q=vault-seal-abc123' },
      { type: 'Action.OpenUrl', title: 'Ours', url: 'https://lab.example.sa/' },
    ])
    const arabic = renderer.render({ ...requestFor('vault.seal.detected', 'ar', { event }), card: 'lab' }).card
    expect(readable(arabic)).toContain('النتيجة جاهزة')
    expect(readable(arabic)).toContain('المختبر')
  })

  it('has titles with data, and shows chosen items of a list', () => {
    for (const language of LANGUAGES)
      write(`strings/${language}.json`, {
        events: { 'lab.result.ready': { title: 'Lab {lab}: {price}, {urgent}', meaning: '' } },
      })
    write('lab.json', {
      ...card(
        text(`\${name}`, { $data: `\${data.tests}` }),
        text(`\${more.tests}`),
        text(`\${name}=\${value}`, { $data: `\${data.tags}` }),
        text(`\${more.tags}`),
      ),
      $lists: { tests: { most: 2 }, tags: { most: 1 } },
    })
    const data = {
      lab: '[*7*](https://evil.example)',
      price: 1250,
      tests: ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name })),
      tags: { one: 1, two: 2 },
    }
    const request = requestFor('vault.seal.detected', 'en', { event: { eventType: LAB.name, data } })
    const drawn = createRenderer(options(LAB)).render({ ...request, card: 'lab' })
    expect(drawn.shrunk).toBe('whole')
    expect(activeContent(drawn.card)).toEqual([])
    const shown = readable(drawn.card)
    expect(shown).toContain('Lab [*7*](https://evil.example): SAR 1,250.00, …')
    expect(shown).toContain('a\nb\n… and 3 more\none=1\n… and 1 more')
  })

  it('replaces a built-in one of the same name', () => {
    write('system_alert.json', card(text(`Ours: \${data.summary}`)))
    const { card: drawn } = createRenderer(options()).render(requestFor('rabbitmq.node.down', 'en'))
    expect(readable(drawn)).toContain('Ours: rabbit@rmq-1 left the cluster; two of three nodes remain.')
  })

  it('shows the type of an event without a title', () => {
    write('lab.json', card(text(`\${data.lab}`)))
    const event = { eventType: LAB.name, data: { lab: 'x' } }
    const request = { ...requestFor('vault.seal.detected', 'ar', { event }), card: 'lab' }
    expect(createRenderer(options(LAB)).render(request).card.fallbackText).toBe('Lab')
    expect(readable(createRenderer(options(LAB)).render(request).card)).toMatch(/^lab\.result\.ready$/m)
  })
})

describe('an event whose card or type was removed', () => {
  it('fails as invalid_template without its card', () => {
    const request = { ...requestFor('vault.seal.detected', 'en'), card: 'gone' }
    expect(() => createRenderer(OPTIONS).render(request)).toThrow(/no template/)
  })

  it('is still rendered without its type', () => {
    const request = requestFor('nphies.claim.submitted', 'en', { event: { eventType: 'old.type' } })
    expect(readable(createRenderer(OPTIONS).render(request).card)).toContain('CLM-2025-001234')
  })
})
