import type { Language } from '../catalogue/language.ts'
import type { Priority } from '../catalogue/priority.ts'
import { cleanText } from '../kernel/characters.ts'
import type { JsonObject } from '../kernel/json.ts'
import { shortEscalation, writtenEscalation } from './escalation-note.ts'
import type { FieldKind, Fields } from './fields.ts'
import type { Limits } from './fit.ts'
import type { Formatter } from './format.ts'
import type { ListRules } from './lists.ts'
import type { Uses } from './names.ts'
import type { CardRequest } from './rendered-card.ts'
import { filledTitle, type Strings, textAt } from './strings.ts'
import { listed } from './text.ts'
import { isPresent, ownField, Values } from './values.ts'

/** A language with its texts and formats. */
export interface LanguagePack {
  readonly language: Language
  readonly strings: Strings
  readonly formatter: Formatter
  /** Names of the stakeholder groups, by key. */
  readonly groupNames: ReadonlyMap<string, string>
}

/** Data of a card besides the event. */
export interface CardContext {
  readonly languagePack: LanguagePack
  /** Display names of the groups that the event names. */
  readonly groups: readonly string[]
  /** `<at>…</at>` of the people to mention, in one text. */
  readonly mentions: string
  /** True where the card does not show the whole event. */
  readonly shortened: boolean
  /** False on the smallest cards, which have a short remark instead of each note. */
  readonly note: boolean
}

/** Style of the card's head and colour of its badge, by priority. */
const PRIORITY_STYLES = {
  CRITICAL: { style: 'attention', color: 'Attention' },
  HIGH: { style: 'warning', color: 'Warning' },
  MEDIUM: { style: 'accent', color: 'Accent' },
  LOW: { style: 'emphasis', color: 'Default' },
  INFO: { style: 'good', color: 'Good' },
} as const satisfies Record<Priority, { style: string; color: string }>

/** Names that templates find under `event`. */
export const EVENT_NAMES: ReadonlySet<string> = new Set(
  'type title meaning priority badge style color correlation_id time groups mentions escalation repeat shortened note remarks'.split(
    ' ',
  ),
)

/** Namespaces of a card's data, each with its description. */
export const DATA_NAMESPACES = {
  data: 'the field as it is shown: text, or a list to repeat an element with',
  code: 'a long text of many lines, such as a traceback',
  raw: 'the field as it was sent, for conditions',
  has: 'true where the field is there and not empty',
  more: 'a line that says how many items of a list are not shown, or empty text',
} as const

const NONE: ReadonlySet<string> = new Set()
const ANY: FieldKind = { kind: 'any' }

/**
 * Prepares the data for expanding a template. Every name that the template uses exists and none is null, because the
 * templating engine throws at null and prints an absent value as `${its.path}`.
 *
 * @throws TooMuchText where the texts are certain to exceed the size limit
 */
export function prepare(
  request: CardRequest,
  fields: Fields,
  uses: Uses,
  lists: ListRules,
  context: CardContext,
  limits: Limits,
): JsonObject {
  const { strings, formatter } = context.languagePack
  const { data } = request.event
  const values = new Values(formatter, strings, limits, data, lists)
  const of = <T>(space: string, make: (name: string, kind: FieldKind) => T): Record<string, T> => {
    const made: Record<string, T> = {}
    for (const name of uses.fields.get(space) ?? NONE) made[name] = make(name, fields.get(name) ?? ANY)
    return made
  }
  const more = textAt(strings, 'notice', 'more') ?? ''
  return {
    t: strings,
    event: eventOf(request, fields, context, values, limits),
    data: of('data', (name, kind) => values.shown(name, kind, uses.items.get(name) ?? NONE)),
    code: of('code', (name) => values.code(ownField(data, name))),
    raw: of('raw', (name) => values.raw(ownField(data, name))),
    has: of('has', (name) => isPresent(ownField(data, name))),
    more: of('more', (name) => {
      const hidden = values.hidden(name)
      return hidden === 0 ? '' : more.replace('{count}', formatter.number(hidden))
    }),
  }
}

/** As many names as fit into `room` UTF-16 units, then `…` if there are more. */
function firstOf(names: readonly string[], room: number): string[] {
  const shown: string[] = []
  let left = room
  for (const name of names.map(cleanText)) {
    left -= name.length
    if (left < 0) return [...shown, '…']
    shown.push(name)
  }
  return shown
}

function eventOf(
  { event, repeat, escalation }: CardRequest,
  fields: Fields,
  context: CardContext,
  values: Values,
  limits: Limits,
): JsonObject {
  const { strings, formatter } = context.languagePack
  const inTitle = (name: string) => {
    const shown = isPresent(ownField(event.data, name)) ? values.shown(name, fields.get(name) ?? ANY, NONE) : ''
    return typeof shown === 'string' && shown !== '' ? shown : '…'
  }
  const typeText = (key: string) => textAt(strings, 'events', event.eventType, key)
  const remarks = [...(context.shortened ? ['shortened_short'] : []), ...(repeat ? ['repeat_short'] : [])].map(
    (key) => textAt(strings, 'notice', key) ?? '',
  )
  if (escalation) remarks.unshift(shortEscalation(escalation, context.languagePack))
  return {
    type: values.id(event.eventType),
    title: values.id(filledTitle(typeText('title') ?? event.eventType, inTitle)),
    meaning: values.text(typeText('meaning') ?? ''),
    priority: event.priority,
    badge: textAt(strings, 'priority', event.priority) ?? event.priority,
    ...PRIORITY_STYLES[event.priority],
    correlation_id: values.id(event.correlationId),
    time: formatter.time(event.occurredAt),
    groups: listed(firstOf(context.groups, limits.text), context.languagePack.language),
    mentions: context.mentions,
    escalation: escalation && context.note ? writtenEscalation(escalation, context.languagePack) : '',
    repeat,
    shortened: context.shortened,
    note: context.note,
    remarks: context.note ? '' : remarks.map((remark) => ` - ${remark}`).join(''),
  }
}
