import { z } from 'zod'
import { CARD_DATA, type CardName, STAND_INS } from '../../src/catalogue/card-data.ts'
import { EVENT_TYPES } from '../../src/catalogue/event-types.ts'
import { PRIORITIES } from '../../src/catalogue/priority.ts'
import { DEFAULT_CHANNEL_NAMES, STAKEHOLDER_GROUPS } from '../../src/catalogue/stakeholder-groups.ts'
import { isObject } from '../../src/kernel/json.ts'
import { code, codes, page, table } from './markdown.ts'

/** `docs/reference/events.md`. */
export function eventsPage(): string {
  return page(
    'Events',
    'src/catalogue/',
    'The built-in catalogue: event types with their priority, stakeholder groups and card, and the data fields of each card. A configuration file adds your own types, groups, channels and routes.',
    `## Priorities\n\n${PRIORITIES.map(code).join(' > ')}, the most urgent first. Accepted in any letter case, returned in upper case.`,
    `## Stakeholder groups\n\nAn event names groups by key or by name, in any letter case. Each group reads one channel, which has the same key.\n\n${groups()}`,
    `## Event types\n\nPriority and groups are defaults, for events that set none.\n\n${types()}`,
    `## Data by card\n\n- Fields marked * are required.\n- Fields marked † are patient data: \`TEAMS_PHI_POLICY\` is applied to them before the event is written.\n- Undeclared fields are discarded, and the answer names them, unless \`TEAMS_UNDECLARED_DATA\` says otherwise.\n- Long texts are cut, never refused, and … marks the cut: names and ids at 1,000 characters, others at the length in the table. A URL of more than 2,000 characters is left out, since half a URL would lead elsewhere. In an event of more than 512 KB all texts are cut shorter.\n- null, an empty text, the time 0001-01-01 and a label that is null count as absent.\n\n${cards()}`,
  )
}

function groups(): string {
  return table(
    ['key', 'names', 'channel'],
    Object.entries(STAKEHOLDER_GROUPS).map(([key, group]) => [
      code(key),
      group.names.join(', '),
      group.channels.map((channel) => DEFAULT_CHANNEL_NAMES[channel]).join(', '),
    ]),
  )
}

function types(): string {
  return table(
    ['type', 'priority', 'groups', 'card'],
    Object.entries(EVENT_TYPES).map(([type, row]) => [
      'aliases' in row ? `${code(type)} (also ${codes(row.aliases)})` : code(type),
      row.priority,
      codes(row.stakeholders),
      `[${row.card}](#${row.card})`,
    ]),
  )
}

function cards(): string {
  return Object.entries(CARD_DATA)
    .map(([card, schema]) => {
      const described = z.toJSONSchema(schema, { io: 'input' })
      const required = new Set(described.required)
      const rows = Object.entries(described.properties ?? {}).map(([field, property]) => [
        `${code(field)}${required.has(field) ? ' \\*' : ''}${isObject(property) && property.phi === true ? ' †' : ''}`,
        inWords(property),
      ])
      return `### ${card}\n\n${table(['field', 'takes'], rows)}${standIns(card as CardName)}`
    })
    .join('\n\n')
}

/** A sentence on the other names of required fields. */
function standIns(card: CardName): string {
  const all = Object.entries(STAND_INS[card] ?? {}).map(([name, other]) => `${code(other)} for ${code(name)}`)
  return all.length === 0 ? '' : `\n\nStand in where the required field is absent: ${all.join(', ')}.`
}

/** A JSON Schema in words. */
function inWords(schema: unknown): string {
  if (!isObject(schema)) return 'anything'
  if (Array.isArray(schema.anyOf)) return [...new Set(schema.anyOf.map(inWords))].join(' or ')
  if (Array.isArray(schema.enum)) return `one of ${codes(schema.enum.map(String))}`
  switch (schema.type) {
    case 'string':
      if (schema.format === 'date-time') return 'a time with its zone (`2026-11-21T10:00:00Z`)'
      if (schema.format === 'date') return 'a date (`2026-11-21`)'
      if (schema.format === 'uri') return 'an http or https URL'
      return `text${cutAt(schema)}`
    case 'integer':
      return 'a whole number'
    case 'number':
      return 'a number'
    case 'boolean':
      return 'true or false'
    case 'array': {
      const most = typeof schema.maxItems === 'number' ? ` of at most ${number(schema.maxItems)}` : ''
      return `a list${most}, each ${inWords(schema.items)}`
    }
    case 'object': {
      if (!isObject(schema.properties)) return `an object, each value ${inWords(schema.additionalProperties)}`
      const required = Array.isArray(schema.required) ? schema.required : []
      const fields = Object.entries(schema.properties).map(
        ([name, field]) => `${code(name)}${required.includes(name) ? ' \\*' : ''} (${inWords(field)})`,
      )
      return `an object of ${fields.join(' and ')}`
    }
    default:
      return 'anything'
  }
}

/** The length at which a text is cut, in words; empty for 1,000 characters, which the page states once for names and ids. */
function cutAt(schema: Readonly<Record<string, unknown>>): string {
  const most = schema['x-cut-at'] ?? schema['x-cut-middle-at']
  if (typeof most !== 'number' || most <= 1_000) return ''
  return `, cut ${schema['x-cut-middle-at'] === undefined ? 'at' : 'in its middle to'} ${number(most)} characters`
}

function number(n: number): string {
  return n.toLocaleString('en')
}
