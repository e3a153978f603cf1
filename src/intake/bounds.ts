import { z } from 'zod'
import type { EventTypeDefinition } from '../catalogue/catalogue.ts'
import { MAX_DATA_BYTES } from '../contract/limits.ts'
import { cutText, cutTextMiddle } from '../kernel/characters.ts'
import { keptId } from '../kernel/ids.ts'
import { isObject, type Json, type JsonObject } from '../kernel/json.ts'
import type { Protected } from './patient-data/patient-data.ts'

/** Longest text of a field whose type says nothing else. */
const LONGEST_TEXT = 20_000
/** A text of at most this length is cut by no type. */
const SHORTEST_BOUND = 1_000
/** Where an event is still too large, all its texts are cut to the first of these that is short enough. */
const SHORTER = [20_000, 5_000, 1_000, 200] as const
/** Bytes of one UTF-16 unit as JSON at most: `\u001b`. */
const BYTES_OF_UNIT = 6

/**
 * What is kept of an event once its patient data are masked: long texts and a long correlation id cut. A field that is left
 * out is named in `ignored`.
 */
export function keptOf(definition: Pick<EventTypeDefinition, 'schema'>, event: Protected): Protected {
  const { correlationId } = event
  const data = withinBounds(definition, event.data)
  const leftOut = Object.keys(event.data).filter((name) => !Object.hasOwn(data, name))
  return {
    ...event,
    data,
    ignored: leftOut.length === 0 ? event.ignored : [...event.ignored, ...leftOut],
    correlationId: correlationId === undefined ? undefined : keptId(correlationId),
  }
}

/**
 * Data with its long texts cut to what is kept: at the bound of its type with a `…` behind it, a traceback in its middle.
 * A URL that is too long is left out, because half of one leads elsewhere. An id is cut like any text: whoever sends one
 * of more than 1,000 characters has put something else there.
 *
 * To be called when patient data are masked already: half an id at the end of a text would not be found.
 *
 * Rejected: to refuse it. A traceback of a megabyte says more than none, and with it the whole batch was lost.
 */
export function withinBounds({ schema }: Pick<EventTypeDefinition, 'schema'>, data: JsonObject): JsonObject {
  const size = sizeOf(data)
  if (size.longest <= SHORTEST_BOUND && size.units * BYTES_OF_UNIT <= MAX_DATA_BYTES) return data
  const entries = Object.entries(data) as [string, Json][]
  let kept: JsonObject = Object.fromEntries(
    entries.flatMap(([name, value]): [string, Json][] => {
      const field = Object.hasOwn(schema.shape, name) ? schema.shape[name] : undefined
      const bounded = boundedBy(field, value)
      return bounded === undefined ? [] : [[name, bounded]]
    }),
  )
  for (const most of SHORTER) {
    if (bytesOf(kept) <= MAX_DATA_BYTES) return kept
    kept = cutAll(kept, most)
  }
  return kept
}

/** Whether data can be made small enough by cutting texts alone. */
export function canBeCut(data: JsonObject): boolean {
  return bytesOf(cutAll(data, SHORTER[SHORTER.length - 1] ?? 0)) <= MAX_DATA_BYTES
}

function bytesOf(data: JsonObject): number {
  return Buffer.byteLength(JSON.stringify(data))
}

/** The length of the longest text, and of all texts and names together with what JSON puts around them. */
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

/** A value within the bounds of its field; undefined for one that is left out. */
function boundedBy(field: z.core.$ZodType | undefined, value: Json): Json | undefined {
  if (typeof value === 'string') return boundedText(field, value)
  const def = field && (plain(field) as z.core.$ZodTypes)._zod.def
  if (Array.isArray(value)) {
    const item = def?.type === 'array' ? def.element : undefined
    return (value as readonly Json[]).map((one) => boundedBy(item, one) ?? '')
  }
  if (!isObject(value)) return value
  const fields = def?.type === 'object' ? def.shape : {}
  const own = def?.type === 'record' ? def.valueType : undefined
  return Object.fromEntries(
    (Object.entries(value) as [string, Json][]).flatMap(([name, item]): [string, Json][] => {
      const bounded = boundedBy(Object.hasOwn(fields, name) ? fields[name] : own, item)
      return bounded === undefined ? [] : [[name, bounded]]
    }),
  )
}

function boundedText(field: z.core.$ZodType | undefined, text: string): string | undefined {
  const { 'x-cut-at': most, 'x-cut-middle-at': middle, 'x-left-out-beyond': longest } = boundsOf(field)
  if (typeof longest === 'number') return text.length > longest ? undefined : text
  if (typeof middle === 'number') return cutTextMiddle(text, middle)
  return cutText(text, typeof most === 'number' ? most : LONGEST_TEXT)
}

/** What a schema of text says of its bounds, as metadata that are part of its JSON schema too. */
function boundsOf(field: z.core.$ZodType | undefined): Readonly<Record<string, unknown>> {
  if (field === undefined) return {}
  const def = (plain(field) as z.core.$ZodTypes)._zod.def
  const text = def.type === 'union' ? def.options.find((option) => option._zod.def.type === 'string') : plain(field)
  return (text && z.globalRegistry.get(text)) ?? {}
}

/** A field without what is wrapped around its type. */
function plain(field: z.core.$ZodType): z.core.$ZodType {
  const def = (field as z.core.$ZodTypes)._zod.def
  if (def.type === 'optional' || def.type === 'nullable') return plain(def.innerType)
  return def.type === 'pipe' ? plain(def.in) : field
}

function cutAll(data: JsonObject, most: number): JsonObject {
  const cut = (value: Json): Json => {
    if (typeof value === 'string') return cutText(value, most)
    if (Array.isArray(value)) return (value as readonly Json[]).map(cut)
    return isObject(value) ? cutAll(value as JsonObject, most) : value
  }
  return Object.fromEntries((Object.entries(data) as [string, Json][]).map(([name, value]) => [name, cut(value)]))
}
