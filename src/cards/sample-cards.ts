import { CARD_DATA } from '../catalogue/card-data.ts'
import type { EventTypeDefinition } from '../catalogue/catalogue.ts'
import { LANGUAGES } from '../catalogue/language.ts'
import type { Problem } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import { type CardSet, type CompiledCard, type Drawable, draw } from './card.ts'
import { sampleData } from './fields.ts'
import { NO_LIMITS } from './fit.ts'
import type { TemplateFile } from './load.ts'
import type { CardRequest } from './rendered-card.ts'

/** A sample event of a type with the given data, to render its card. */
function sampleRequest(
  type: Pick<EventTypeDefinition, 'name' | 'card' | 'priority' | 'stakeholders'>,
  language: CardRequest['language'],
  data: JsonObject,
): CardRequest {
  const moment = new Date('2025-01-15T14:23:45Z')
  return {
    card: type.card,
    language,
    repeat: true,
    escalation: { kind: 'tier', tier: 2, of: 3, minutes: 30, by_hand: false, mentions: [] },
    event: {
      id: '01946a5f-6d68-7000-8000-000000000000',
      eventType: type.name,
      correlationId: 'sample-0001',
      priority: type.priority,
      stakeholders: type.stakeholders,
      data,
      occurredAt: moment,
      acceptedAt: moment,
      language,
    },
    channel: {
      key: 'sample',
      name: '#sample',
      payload: 'envelope',
      auth: 'sas',
      language,
      budget: { requests: 1, period: 1, burst: 1 },
      mentions: [],
      muted: false,
    },
  }
}

/** Returns the problems of a rendered card. */
export type Inspect = (card: JsonObject) => readonly string[]

/**
 * Renders every card with sample data, once with every field and once with none, and inspects the result, so that errors
 * of evaluating expressions are found here and not in a channel.
 *
 * @param inspect absent where all templates are the package's: then only types with other fields than the built-in ones are
 *   rendered, since those were before publishing, and it takes a quarter of the time that a gateway takes to start
 */
export function renderSamples(
  cardSet: CardSet,
  types: ReadonlyMap<string, Drawable>,
  eventTypes: ReadonlyMap<string, EventTypeDefinition>,
  files: ReadonlyMap<string, TemplateFile>,
  inspect: Inspect | undefined,
): Problem[] {
  const problems: Problem[] = []
  const tried = new Set(inspect === undefined ? builtInKeys() : [])
  for (const definition of eventTypes.values()) {
    const type = types.get(definition.name)
    const card = cardSet.cards.get(definition.card)
    if (type === undefined || card === undefined) continue
    const key = sampleKey(definition.card, type.fields.keys())
    if (tried.has(key)) continue
    tried.add(key)
    const at = files.get(definition.card)?.file ?? definition.card
    for (const language of LANGUAGES) {
      for (const data of [sampleData(type.fields), {}]) {
        const which = Object.keys(data).length === 0 ? 'without any data' : 'with all data'
        for (const found of problemsOfSample(
          sampleRequest(definition, language, data),
          card,
          type,
          cardSet,
          inspect ?? (() => []),
        ))
          problems.push({ at, found: `${found} (drawn ${which})`, expected: 'a card that can be shown' })
      }
    }
  }
  return problems
}

/** Types of one card with the same fields have the same sample. */
function sampleKey(card: string, fields: Iterable<string>): string {
  return `${card} ${[...fields].join()}`
}

function builtInKeys(): readonly string[] {
  return Object.entries(CARD_DATA).map(([card, schema]) => sampleKey(card, Object.keys(schema.shape)))
}

function problemsOfSample(
  request: CardRequest,
  card: CompiledCard,
  type: Drawable,
  cardSet: CardSet,
  inspect: Inspect,
): string[] {
  let drawn: JsonObject | undefined
  try {
    drawn = draw(request, card, type, cardSet, { step: 'whole', limits: NO_LIMITS, buttons: true, note: true })
  } catch (error) {
    return [`an expression that can not be evaluated: ${error instanceof Error ? error.message : 'unknown error'}`]
  }
  if (drawn === undefined) return []
  const json = JSON.stringify(drawn)
  const left = /\$\{[^}"]*\}/.exec(json)?.[0]
  return [
    ...(left === undefined ? [] : [`${left}, which may be absent: put a "$when" before it`]),
    ...(json.includes('[object Object]') ? ['a list or an object where text is needed'] : []),
    ...inspect(drawn),
  ]
}
