import type { z } from 'zod'
import { type Named, namedBy } from '../catalogue/card-data.ts'
import { isMoment } from '../catalogue/data-fields.ts'
import type { Json, JsonObject } from '../kernel/json.ts'

/** The kind of a data field, which decides how a card shows it. */
export type FieldKind =
  | { readonly kind: 'number' | 'boolean' | 'moment' | 'amount' | 'url' }
  /** Text; `values` are its possible values, `names` the kind of name whose translation is shown. */
  | { readonly kind: 'text'; readonly values?: readonly string[]; readonly names?: Named }
  /** A list; `item` is undefined where items may have any type. */
  | { readonly kind: 'list'; readonly item: FieldKind | undefined }
  | { readonly kind: 'object'; readonly fields: Fields }
  /** An object with arbitrary keys, such as labels. */
  | { readonly kind: 'map' }
  /** Any value, shown as text. */
  | { readonly kind: 'any' }

/** Fields by name. */
export type Fields = ReadonlyMap<string, FieldKind>

/** The fields of a data schema, which templates may name. */
export function fieldsOf(schema: z.core.$ZodObject): Fields {
  return new Map(Object.entries(schema._zod.def.shape).map(([name, field]) => [name, kindOf(field)]))
}

function kindOf(field: z.core.$ZodType): FieldKind {
  // zod's discriminated union of definitions.
  const def = (field as z.core.$ZodTypes)._zod.def
  switch (def.type) {
    case 'optional':
    case 'nullable':
    case 'default':
    case 'readonly':
    case 'nonoptional':
      return kindOf(def.innerType)
    case 'pipe':
      // A transform of text or number, such as ids: accepted data hold its result.
      return { kind: 'text' }
    case 'string':
      return stringKind(field)
    case 'number':
      return { kind: 'number' }
    case 'boolean':
      return { kind: 'boolean' }
    case 'enum':
      return { kind: 'text', values: Object.values(def.entries).map(String) }
    case 'literal':
      return { kind: 'text', values: def.values.map(String) }
    case 'union':
      return unionKind(def.options)
    case 'array':
      return { kind: 'list', item: itemOf(def.element) }
    case 'record':
      return { kind: 'map' }
    case 'object':
      return { kind: 'object', fields: fieldsOf(field as z.core.$ZodObject) }
    default:
      return { kind: 'any' }
  }
}

function stringKind(field: z.core.$ZodType): FieldKind {
  if (isMoment(field)) return { kind: 'moment' }
  if (formatOf(field) === 'url') return { kind: 'url' }
  const names = namedBy(field)
  return names === undefined ? { kind: 'text' } : { kind: 'text', names }
}

/** The kind of a union: a time in two formats, or an amount as text or number; see `src/catalogue/card-data.ts`. */
function unionKind(options: readonly z.core.$ZodType[]): FieldKind {
  if (options.every(isMoment)) return { kind: 'moment' }
  const types = options.map((option) => option._zod.def.type).sort()
  if (types.join() === 'number,string') return { kind: 'amount' }
  return { kind: types.every((type) => type === 'string') ? 'text' : 'any' }
}

function itemOf(element: z.core.$ZodType): FieldKind | undefined {
  const item = kindOf(element)
  return item.kind === 'any' ? undefined : item
}

function formatOf(field: z.core.$ZodType): string | undefined {
  const def = field._zod.def
  return 'format' in def && typeof def.format === 'string' ? def.format : undefined
}

const SAMPLES = {
  text: 'text',
  number: 3,
  boolean: true,
  moment: '2025-01-15T14:23:45Z',
  amount: 1234.5,
  url: 'https://example.com/',
  map: { name: 'value' },
  any: 'text',
} as const satisfies Record<Exclude<FieldKind['kind'], 'list' | 'object'>, Json>

/** Sample data with every field of a schema, to test a template with. */
export function sampleData(fields: Fields): JsonObject {
  return Object.fromEntries([...fields].map(([name, field]) => [name, sampleOf(field)]))
}

function sampleOf(field: FieldKind): Json {
  if (field.kind === 'object') return sampleData(field.fields)
  if (field.kind === 'text') return field.values?.[0] ?? SAMPLES.text
  if (field.kind !== 'list') return SAMPLES[field.kind]
  if (field.item === undefined) return []
  const item = sampleOf(field.item)
  return [item, item]
}
