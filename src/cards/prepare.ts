import type { Language } from '../catalogue/language.ts'
import type { Priority } from '../catalogue/priority.ts'
import { cleanText } from '../kernel/characters.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { FieldKind, Fields } from './fields.ts'
import type { Limits } from './fit.ts'
import type { Formatter } from './format.ts'
import type { ListRules } from './lists.ts'
import type { Uses } from './names.ts'
import type { CardRequest } from './rendered-card.ts'
import { filledTitle, type Strings, textAt } from './strings.ts'
import { listed } from './text.ts'
import { isThere, own, Values } from './values.ts'

/** A language with what it takes to write in it. */
export interface LanguagePack {
  readonly language: Language
  readonly strings: Strings
  readonly formatter: Formatter
  /** Names of the stakeholder groups, by key. */
  readonly groupNames: ReadonlyMap<string, string>
}

/** What a template is expanded with, besides the event itself. */
export interface CardContext {
  readonly languagePack: LanguagePack
  /** Display names of the groups that the event names. */
  readonly groups: readonly string[]
  /** `<at>…</at>` of the people to mention, in one text. */
  readonly mentions: string
  /** True when the card shows less than the event has. */
  readonly shortened: boolean
  /** False on the smallest card, where a word stands for each note. */
  readonly note: boolean
}

/** How each priority looks: the style of the card's head, and the colour of its badge. */
const LOOKS = {
  CRITICAL: { style: 'attention', color: 'Attention' },
  HIGH: { style: 'warning', color: 'Warning' },
  MEDIUM: { style: 'accent', color: 'Accent' },
  LOW: { style: 'emphasis', color: 'Default' },
  INFO: { style: 'good', color: 'Good' },
} as const satisfies Record<Priority, { style: string; color: string }>

/** Names that templates find under `event`. */
export const EVENT_NAMES: ReadonlySet<string> = new Set(
  'type title meaning priority badge style color correlation_id time groups mentions repeat shortened note remarks'.split(
    ' ',
  ),
)

/** Namespaces of a card's data, and what stands in each. */
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
 * The data that a template is expanded with. Every name that the template uses is there and none is null, because
 * the templating engine throws at null and prints what is absent as `${its.path}`.
 *
 * @throws TooMuch where the limits allow more text than can fit.
 */
export function prepare(
  request: CardRequest,
  fields: Fields,
  uses: Uses,
  lists: ListRules,
  around: CardContext,
  limits: Limits,
): JsonObject {
  const { strings, formatter } = around.languagePack
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
    event: eventOf(request, fields, around, values, limits),
    data: of('data', (name, kind) => values.shown(name, kind, uses.items.get(name) ?? NONE)),
    code: of('code', (name) => values.code(own(data, name))),
    raw: of('raw', (name) => values.raw(own(data, name))),
    has: of('has', (name) => isThere(own(data, name))),
    more: of('more', (name) => {
      const hidden = values.hidden(name)
      return hidden === 0 ? '' : more.replace('{count}', formatter.number(hidden))
    }),
  }
}

/** As many names as have room together, and a sign that there are more. */
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
  { event, repeat }: CardRequest,
  fields: Fields,
  around: CardContext,
  values: Values,
  limits: Limits,
): JsonObject {
  const { strings, formatter } = around.languagePack
  const inTitle = (name: string) => {
    const shown = isThere(own(event.data, name)) ? values.shown(name, fields.get(name) ?? ANY, NONE) : ''
    return typeof shown === 'string' && shown !== '' ? shown : '…'
  }
  const known = (what: string) => textAt(strings, 'events', event.eventType, what)
  const remarks = [...(around.shortened ? ['shortened_short'] : []), ...(repeat ? ['repeat_short'] : [])].map(
    (key) => textAt(strings, 'notice', key) ?? '',
  )
  return {
    type: values.id(event.eventType),
    title: values.id(filledTitle(known('title') ?? event.eventType, inTitle)),
    meaning: values.text(known('meaning') ?? ''),
    priority: event.priority,
    badge: textAt(strings, 'priority', event.priority) ?? event.priority,
    ...LOOKS[event.priority],
    correlation_id: values.id(event.correlationId),
    time: formatter.time(event.occurredAt),
    groups: listed(firstOf(around.groups, limits.text), around.languagePack.language),
    mentions: around.mentions,
    repeat,
    shortened: around.shortened,
    note: around.note,
    remarks: around.note ? '' : remarks.map((remark) => ` - ${remark}`).join(''),
  }
}
