import { z } from 'zod'
import { isSendable } from '../catalogue/event-types.ts'
import { LANGUAGES } from '../catalogue/language.ts'
import { PRIORITIES } from '../catalogue/priority.ts'
import type { EVENT_FIELDS } from '../contract/events.ts'
import { MAX_STAKEHOLDERS } from '../contract/limits.ts'
import type { Json, JsonObject } from '../kernel/json.ts'

/** Prefix of references to OpenAPI's schemas. */
export const REF = '#/components/schemas/'

/** A reference to the schema of this name. */
export function refTo(name: string): { readonly $ref: string } {
  return { $ref: REF + name }
}

/** A zod schema's input as JSON Schema 2020-12; patient data is marked with `x-patient-data`. */
export function jsonSchema(schema: z.ZodType): JsonObject {
  const { $schema, ...rest } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ jsonSchema: made }) => {
      if (made.phi !== true) return
      delete made.phi
      made['x-patient-data'] = true
    },
  })
  return asJson(rest)
}

/** A value after writing and reading it as JSON: without fields that are undefined, and typed as JSON. */
export function asJson(value: object): JsonObject {
  return JSON.parse(JSON.stringify(value)) as JsonObject
}

/** The part of an event type that OpenAPI shows; the catalogue's definitions fit. */
export interface EventTypeForDocs {
  readonly name: string
  /** Name of its card. */
  readonly card: string
  readonly schema: z.ZodObject
  readonly priority?: string
  readonly stakeholders?: readonly string[]
}

/** Fields that events of all types have, without `event_type` and `data`, which differ from type to type. */
const COMMON_FIELDS = {
  correlation_id: {
    type: 'string',
    minLength: 1,
    maxLength: 65_536,
    description:
      'The same for all events about one thing; made if absent. Of more than 200 characters the start and a digest are kept, which the answer names.',
  },
  stakeholders: {
    type: 'array',
    items: { type: 'string' },
    minItems: 1,
    maxItems: MAX_STAKEHOLDERS,
    description: "Groups to notify, by key or display name; the event type's if absent.",
  },
  priority: {
    type: 'string',
    enum: [...PRIORITIES, ...PRIORITIES.map((priority) => priority.toLowerCase())],
    description: "In any letter case; the event type's if absent.",
  },
  occurred_at: { type: 'string', format: 'date-time', description: 'When it happened; now if absent.' },
  idempotency_key: {
    type: 'string',
    minLength: 1,
    maxLength: 65_536,
    description: 'The same key within TEAMS_EVENT_TTL gets the first answer again and makes no second card.',
  },
  language: { type: 'string', enum: [...LANGUAGES], description: "Language of its cards; the channel's if absent." },
} as const satisfies { [F in Exclude<(typeof EVENT_FIELDS)[number], 'event_type' | 'data'>]: JsonObject }

/**
 * The schemas of events: `Event`, one `Event.<type>` per event type, and one `Data.<card>` per data schema. A type
 * whose data schema differs from that of its card gets a `Data.<type>`. Types that only the gateway makes are left
 * out.
 */
export function eventSchemas(all: readonly EventTypeForDocs[], aliases: ReadonlyMap<string, string>): JsonObject {
  const types = all.filter((type) => isSendable(type.name))
  const schemas: Record<string, JsonObject> = {}
  const data = new Map<z.ZodObject, string>()
  const mapping: Record<string, string> = {}
  for (const type of types) {
    const dataName = data.get(type.schema) ?? nameOf('Data', schemas, type)
    if (!data.has(type.schema)) schemas[dataName] = jsonSchema(type.schema)
    data.set(type.schema, dataName)
    const names = [type.name, ...[...aliases].filter(([, name]) => name === type.name).map(([alias]) => alias)]
    const name = componentName('Event', type.name)
    schemas[name] = eventSchema(type, names, dataName, schemas[dataName]?.required)
    for (const alias of names) mapping[alias] = refTo(name).$ref
  }
  const oneOf = types.map((type) => refTo(componentName('Event', type.name)))
  return { Event: { oneOf, discriminator: { propertyName: 'event_type', mapping } }, ...schemas }
}

function eventSchema(
  type: EventTypeForDocs,
  names: readonly string[],
  data: string,
  needed: Json | undefined,
): JsonObject {
  const defaults = [
    type.priority ? `priority ${type.priority}` : '',
    type.stakeholders ? `stakeholders ${type.stakeholders.join(', ')}` : '',
  ].filter((text) => text !== '')
  return {
    type: 'object',
    description: `Card ${type.card}${defaults.length > 0 ? `; by default ${defaults.join(', ')}` : ''}.`,
    properties: { event_type: { type: 'string', enum: [...names] }, data: refTo(data), ...COMMON_FIELDS },
    required: ['event_type', ...(Array.isArray(needed) && needed.length > 0 ? ['data'] : [])],
    additionalProperties: false,
  }
}

function nameOf(kind: string, taken: Readonly<Record<string, unknown>>, type: EventTypeForDocs): string {
  const name = componentName(kind, type.card)
  return name in taken ? componentName(kind, type.name) : name
}

/** OpenAPI allows only these characters in the name of a component. */
function componentName(kind: string, name: string): string {
  return `${kind}.${name.replace(/[^A-Za-z0-9._-]/g, '_')}`
}
