import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { draw } from '../../src/cards/card.ts'
import { compileTemplates } from '../../src/cards/card-compiler.ts'
import { fitted } from '../../src/cards/fit.ts'
import { loadTemplates } from '../../src/cards/load.ts'
import { checkTemplates } from '../../src/cards/renderer.ts'
import type { Catalogue } from '../../src/catalogue/catalogue.ts'
import { EVENT_TYPES } from '../../src/catalogue/event-types.ts'
import { isGatewayError } from '../../src/kernel/errors.ts'
import { isObject, type JsonObject } from '../../src/kernel/json.ts'
import { textsOf } from '../../test/cards/inspect.ts'
import { mutateBody, parsed } from '../mutate/body.ts'
import { EVALUATED, HOSTILE } from '../mutate/texts.ts'
import { holdSize } from '../properties/card.ts'
import { holdPatients, howShown, patientValues } from '../properties/patient.ts'
import { fold, unescaped } from '../properties/read.ts'
import type { Random } from '../random.ts'
import { hold, type OpenTarget, type Target } from '../target.ts'
import { shippedCatalogue } from './checks.ts'
import { createEventMaker, drawingOptions, type EventMaker, requestFor } from './drawing.ts'
import { sampleEvents } from './samples.ts'
import { tryTemplate } from './try-template.ts'

const TEMPLATE_WORDS =
  `type body items columns inlines facts text value title url actions $when $data $include $with $buttons
  fallback fallbackText version color size weight wrap isVisible id codeSnippet data msteams style rtl AdaptiveCard
  TextBlock FactSet Container ColumnSet Column RichTextBlock TextRun Image Badge CodeBlock ActionSet Action.OpenUrl
  Action.Execute Action.ShowCard Input.Text prose code labels amounts steps frame minimal acknowledge logs 1.5 drop`.split(
    /\s+/,
  )
const EXPRESSIONS = [
  'data.node',
  'data.summary',
  'data.labels',
  'data.services',
  'raw.value',
  'has.node',
  'more.labels',
  'code.error',
  't.field.node',
  't.nothing',
  'event.title',
  'event.mentions',
  '$root.data.node',
  '$data',
  '$index',
  'name',
  "if(has.node, data.node, 'x')",
  "concat(data.component, '[zx](https://evil.example/zx)')",
  'string(data)',
  'data',
  'json(data.summary)',
  'length(data.labels)',
  'data.labels[0].name',
  "replace(data.node, '\\\\', '')",
  'substring(data.node, 1, 3)',
  'div(1, 0)',
  'foreach(data.labels, x, x.name)',
  'formatDateTime(data.starts_at)',
  'repeat(data.node, 9)',
  'nofunction(1)',
  '}',
  "'",
  'data.',
  'data[',
  'parseInt(data.value)',
].map((expression) => `\${${expression}}`)
const WORDS = [...TEMPLATE_WORDS, ...EXPRESSIONS, ...EXPRESSIONS]

/** Any template file of a user, with any data. */
export const target: Target = {
  name: 'templates',
  extension: 'input',
  batch: 16,
  thoroughOneIn: 200,
  maxSteps: (bytes) => 3_000_000 + 5_000 * bytes,
  seeds() {
    const { cards } = loadTemplates(undefined).files
    return sampleEvents().map((event) => {
      const { card } = EVENT_TYPES[event.event_type as keyof typeof EVENT_TYPES]
      return Buffer.from(JSON.stringify({ event, template: cards.get(card)?.template ?? {} }))
    })
  },
  mutate(input, other, random) {
    const value = parsed(input)
    const hostile =
      isObject(value) && random.oneIn(3) ? { ...value, event: withHostile(value.event, random) } : undefined
    const changed = hostile ? Buffer.from(JSON.stringify(hostile)) : input
    return hostile && random.oneIn(2) ? changed : mutateBody(changed, other, random, WORDS)
  },
  async open(): Promise<OpenTarget> {
    const folder = mkdtempSync(join(tmpdir(), 'fuzz-templates-'))
    const catalogue = shippedCatalogue()
    const maker = createEventMaker(catalogue)
    const { files } = loadTemplates(undefined)
    const { cardSet, types } = compileTemplates(drawingOptions(catalogue, 27_136))
    return {
      async run(bytes, thorough) {
        const input = parsed(bytes)
        if (!isObject(input) || !isObject(input.template)) return ['no input']
        const { event, patients } = eventOf(input, maker)
        const { request, definition } = requestFor(catalogue, event, { language: input.language, repeat: true })
        const template = input.template as JsonObject
        const tried = tryTemplate(template, definition, { files, cardSet, types })
        if (thorough) holdAlike(template, catalogue, definition.name, folder, tried.problems.length === 0)
        const type = types.get(definition.name)
        if (tried.card === undefined || type === undefined)
          return tried.problems.map(({ expected }) => expected.slice(0, 40))
        const { card } = tried
        let drawn: ReturnType<typeof fitted>
        try {
          drawn = fitted((draft) => draw(request, card, type, cardSet, draft), 27_136)
        } catch (error) {
          // The renderer makes `invalid_template` of every error of the engine.
          if (isGatewayError(error)) throw error
          return ['can not be drawn']
        }
        holdSize(drawn, 27_136)
        const templateText = JSON.stringify(template)
        const inTemplate = howShown(templateText)
        // What the template spells out by itself is not the event's.
        const ofEvent = patients.filter((value) => inTemplate(value) === undefined)
        holdPatients(ofEvent, JSON.stringify(drawn.card), 'the card')
        holdHarmless(drawn.card, templateText, JSON.stringify(event))
        return [`drawn ${drawn.shrunk}`]
      },
      async close() {
        rmSync(folder, { recursive: true, force: true })
      },
    }
  },
}

/** Fields that take texts longer than a card. */
const LONG_TEXT = /error|impact|reason|summary|description|notes|traceback/

/** An event some of whose texts would do something on a card, or would not fit on it. */
function withHostile(event: unknown, random: Random): unknown {
  if (!isObject(event) || !isObject(event.data)) return event
  const change = (name: string, value: unknown) => {
    if (typeof value !== 'string' || random.oneIn(2)) return value
    const times = LONG_TEXT.test(name) && random.oneIn(2) ? 150 : 1
    return `${HOSTILE} `.repeat(times) + value
  }
  const changed = Object.entries(event.data).map(([name, value]) => [name, change(name, value)])
  return { ...event, data: Object.fromEntries(changed) }
}

/** The input's event, or one of the samples where it is refused: it is the template that matters. */
function eventOf(input: Readonly<Record<string, unknown>>, maker: EventMaker) {
  const sample = sampleEvents()[0]
  const own = maker.accepted(input.event, 'mask')
  const event = own ?? maker.accepted(sample, 'mask')
  if (event === undefined) throw new TypeError('the sample is refused')
  const sent = own && isObject(input.event) ? input.event : sample
  // What the template's author wrote into it is no leak.
  const written = fold(unescaped(JSON.stringify(input.template)))
  return { event, patients: patientValues(sent?.data).filter((value) => !written.includes(value)) }
}

/** What `templates check` says of the same file, read from a folder. */
function holdAlike(template: JsonObject, shipped: Catalogue, name: string, folder: string, good: boolean): void {
  const definition = shipped.eventTypes.get(name)
  if (definition === undefined) return
  writeFileSync(join(folder, `${definition.card}.json`), JSON.stringify(template))
  try {
    const catalogue = { ...shipped, eventTypes: new Map([[name, definition]]), templatesDir: folder }
    const { problems } = checkTemplates(drawingOptions(catalogue, 27_136))
    hold(
      (problems.length === 0) === good,
      'alike',
      () => `the parts say ${good ? 'good' : 'bad'}, the check says ${JSON.stringify(problems).slice(0, 300)}`,
    )
  } finally {
    rmSync(join(folder, `${definition.card}.json`))
  }
}

/** An operand of the expression that makes {@link EVALUATED}: a template's author may write it, and wants its result. */
const WRITES_EVALUATED = /40404|20202/

/** A value may be put anywhere: links, mentions, functions and expressions that come as data stay text there. */
function holdHarmless(card: JsonObject, template: string, data: string): void {
  const shown = textsOf(card).filter(({ key }) => ['text', 'title', 'value', 'fallbackText', 'altText'].includes(key))
  const text = (of: (type: string) => boolean) =>
    shown
      .filter(({ type }) => of(type))
      .map((one) => one.text)
      .join('\n')
  const markdown = text((type) => type === 'TextBlock' || type === 'Fact').replace(/\\./g, '·')
  const anywhere = text(() => true)
  for (const [active, where] of [
    ['[zx](', markdown],
    ['<at>Sara', anywhere],
    ['{{DATE(2025', anywhere],
    [EVALUATED, anywhere],
  ] as const)
    hold(
      !where.includes(active) ||
        template.includes('zx') ||
        template.includes(active) ||
        (active === EVALUATED && (data.includes(active) || WRITES_EVALUATED.test(template))),
      'inert',
      () => `${active} does something on the card`,
    )
}
