import { z } from 'zod'
import type { EventTypeDefinition } from '../catalogue/catalogue.ts'
import { MAX_DATA_BYTES } from '../contract/limits.ts'
import { cutText, cutTextMiddle } from '../kernel/characters.ts'
import { keptId } from '../kernel/ids.ts'
import { isObject, type Json, type JsonObject } from '../kernel/json.ts'
import type { Protected } from './patient-data/patient-data.ts'

/** Length limit of a text field without a limit in its schema, in UTF-16 units. */
const DEFAULT_MAX_LENGTH = 20_000
/** The smallest length limit of any field: shorter texts are never cut. */
const SMALLEST_MAX_LENGTH = 1_000
/** Limits for all texts of an event that is still too large, tried in this order until it fits. */
const FALLBACK_MAX_LENGTHS = [20_000, 5_000, 1_000, 200] as const
/** The most bytes that one UTF-16 unit takes in JSON: six, as `\u001b`. */
const MAX_BYTES_PER_UNIT = 6

/**
 * Applies the size limits to an event: cuts long texts and a long correlation id, and adds left-out fields to `ignored`.
 * Patient data must be masked before: an id cut in half at the end of a text would not be found.
 */
export function withSizeLimits(definition: Pick<EventTypeDefinition, 'schema'>, event: Protected): Protected {
  const { correlationId } = event
  const data = withCutTexts(definition, event.data)
  const leftOut = Object.keys(event.data).filter((name) => !Object.hasOwn(data, name))
  return {
    ...event,
    data,
    ignored: leftOut.length === 0 ? event.ignored : [...event.ignored, ...leftOut],
    correlationId: correlationId === undefined ? undefined : keptId(correlationId),
  }
}

/**
 * Cuts long texts to the limit of their field, with a `…` at the end; a traceback is cut in the middle. A URL that is too
 * long is left out, because half a URL leads elsewhere. An id is cut like any text: more than 1,000 characters are no id.
 *
 * Rejected: refusing the event. A cut traceback says more than none, and the refusal lost the whole batch.
 */
export function withCutTexts({ schema }: Pick<EventTypeDefinition, 'schema'>, data: JsonObject): JsonObject {
  const size = sizeOf(data)
  if (size.longest <= SMALLEST_MAX_LENGTH && size.units * MAX_BYTES_PER_UNIT <= MAX_DATA_BYTES) return data
  const entries = Object.entries(data) as [string, Json][]
  let kept: JsonObject = Object.fromEntries(
    entries.flatMap(([name, value]): [string, Json][] => {
      const field = Object.hasOwn(schema.shape, name) ? schema.shape[name] : undefined
      const bounded = boundedBy(field, value)
      return bounded === undefined ? [] : [[name, bounded]]
    }),
  )
  for (const maxLength of FALLBACK_MAX_LENGTHS) {
    if (bytesOf(kept) <= MAX_DATA_BYTES) return kept
    kept = cutAll(kept, maxLength)
  }
  return kept
}

/** True where cutting texts alone makes the data small enough. */
export function canBeCut(data: JsonObject): boolean {
  return bytesOf(cutAll(data, FALLBACK_MAX_LENGTHS[FALLBACK_MAX_LENGTHS.length - 1] ?? 0)) <= MAX_DATA_BYTES
}

function bytesOf(data: JsonObject): number {
  return Buffer.byteLength(JSON.stringify(data))
}

/** The length of the longest text, and an upper bound for the length of the data as JSON, both in UTF-16 units. */
function sizeOf(data: JsonObject): { readonly longest: number; readonly units: number } {
  let longest = 0
  let units = 0
  const visit = (value: Json): void => {
    units += 8
    if (typeof value === 'string') {
      units += value.length
      longest = Math.max(longest, value.length)
    } else if (Array.isArray(value)) for (const item of value as readonly Json[]) visit(item)
    else if (isObject(value))
      for (const [name, item] of Object.entries(value) as [string, Json][]) {
        units += name.length
        visit(item)
      }
  }
  visit(data)
  return { longest, units }
}

/** A value within the limits of its field; undefined for a left-out value. */
function boundedBy(field: z.core.$ZodType | undefined, value: Json): Json | undefined {
  if (typeof value === 'string') return boundedText(field, value)
  const def = field && (unwrapped(field) as z.core.$ZodTypes)._zod.def
  if (Array.isArray(value)) {
    const item = def?.type === 'array' ? def.element : undefined
    return (value as readonly Json[]).map((element) => boundedBy(item, element) ?? '')
  }
  if (!isObject(value)) return value
  const fields = def?.type === 'object' ? def.shape : {}
  const valueType = def?.type === 'record' ? def.valueType : undefined
  return Object.fromEntries(
    (Object.entries(value) as [string, Json][]).flatMap(([name, item]): [string, Json][] => {
      const bounded = boundedBy(Object.hasOwn(fields, name) ? fields[name] : valueType, item)
      return bounded === undefined ? [] : [[name, bounded]]
    }),
  )
}

function boundedText(field: z.core.$ZodType | undefined, text: string): string | undefined {
  const { 'x-cut-at': maxLength, 'x-cut-middle-at': middle, 'x-left-out-beyond': longest } = boundsOf(field)
  if (typeof longest === 'number') return text.length > longest ? undefined : text
  if (typeof middle === 'number') return cutTextMiddle(text, middle)
  return cutText(text, typeof maxLength === 'number' ? maxLength : DEFAULT_MAX_LENGTH)
}

/** The limits of a text schema: metadata that its JSON schema has too. */
function boundsOf(field: z.core.$ZodType | undefined): Readonly<Record<string, unknown>> {
  if (field === undefined) return {}
  const def = (unwrapped(field) as z.core.$ZodTypes)._zod.def
  const text = def.type === 'union' ? def.options.find((option) => option._zod.def.type === 'string') : unwrapped(field)
  return (text && z.globalRegistry.get(text)) ?? {}
}

/** The type of a field without optional, nullable and pipe around it. */
function unwrapped(field: z.core.$ZodType): z.core.$ZodType {
  const def = (field as z.core.$ZodTypes)._zod.def
  if (def.type === 'optional' || def.type === 'nullable') return unwrapped(def.innerType)
  return def.type === 'pipe' ? unwrapped(def.in) : field
}

function cutAll(data: JsonObject, maxLength: number): JsonObject {
  const cut = (value: Json): Json => {
    if (typeof value === 'string') return cutText(value, maxLength)
    if (Array.isArray(value)) return (value as readonly Json[]).map(cut)
    return isObject(value) ? cutAll(value as JsonObject, maxLength) : value
  }
  return Object.fromEntries((Object.entries(data) as [string, Json][]).map(([name, value]) => [name, cut(value)]))
}
