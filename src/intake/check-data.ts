import type { z } from 'zod'
import { STAND_INS } from '../catalogue/card-data.ts'
import type { EventTypeDefinition } from '../catalogue/catalogue.ts'
import { isBuiltInCard } from '../catalogue/data-fields.ts'
import { MAX_DATA_BYTES, MAX_DATA_DEPTH, MAX_GIVEN_BYTES, MAX_PROBLEMS_PER_EVENT } from '../contract/limits.ts'
import { describeValue, type Problem } from '../kernel/errors.ts'
import { depthOf, isObject, type Json, type JsonObject } from '../kernel/json.ts'
import { withoutAbsent } from './absent.ts'
import { canBeCut } from './bounds.ts'
import { declaredData, type Inside, insideOf, type UndeclaredData } from './patient-data/undeclared.ts'
import { toPlainJson } from './plain-json.ts'

/** An event's data, checked. */
export interface CheckedData {
  /** Converted by the schema: ids given as numbers are text, and unknown fields of list items are removed. */
  readonly data: JsonObject
  /** The caller's data as plain JSON. */
  readonly given: JsonObject
  /** Names of undeclared fields that are not stored. */
  readonly ignored: readonly string[]
}

/**
 * Checks an event's data against the schema of its type. Undefined for refused data, after adding their problems.
 *
 * @param undeclared the treatment of undeclared fields: TEAMS_UNDECLARED_DATA
 */
export function checkData(
  definition: EventTypeDefinition | undefined,
  value: unknown,
  at: string,
  problems: Problem[],
  undeclared: UndeclaredData = 'drop',
): CheckedData | undefined {
  const given = plainData(definition, value, at, problems)
  if (!definition || given === undefined) return undefined
  const result = definition.schema.safeParse(withStandIns(withoutAbsent(given, definition), definition))
  if (result.success) {
    const data = result.data as JsonObject
    const declared = declaredData(definition.schema, { data, given }, { undeclared, at, problems })
    return declared && { ...declared, given }
  }
  // One more than the limit, so that the caller can report that there are more.
  for (const issue of result.error.issues.slice(0, MAX_PROBLEMS_PER_EVENT + 1))
    problems.push({
      at: `${at}${placeOf(definition.schema, given, issue.path)}`,
      found: describeFound(valueAt(given, issue.path)),
      expected: issue.message,
    })
  return undefined
}

/**
 * Checks that an event's data are an object of JSON within the limits, and returns it. Undefined for refused data, after adding their
 * problems.
 */
export function plainData(
  definition: EventTypeDefinition | undefined,
  value: unknown,
  at: string,
  problems: Problem[],
): JsonObject | undefined {
  const refuse = (found: string, expected: string) => {
    problems.push({ at, found, expected })
    return undefined
  }
  const plain = toPlainJson(value ?? {}, MAX_GIVEN_BYTES)
  if (plain.found !== undefined)
    return refuse(plain.found, `texts, numbers, booleans, lists and objects, at most ${MAX_GIVEN_BYTES} bytes as JSON`)
  for (const { path, found, expected } of plain.losses)
    problems.push({ at: `${at}${placeOf(definition?.schema, plain.value, path)}`, found, expected })
  if (plain.losses.length > 0) return undefined
  // The converted value is checked: a Date is an object, but text as JSON.
  if (!isPlainObject(plain.value)) return refuse(describeValue(plain.value), 'an object')
  if (depthOf(plain.value, MAX_DATA_DEPTH) > MAX_DATA_DEPTH)
    return refuse(`more than ${MAX_DATA_DEPTH} levels of lists and objects`, `at most ${MAX_DATA_DEPTH}`)
  if (plain.bytes > MAX_DATA_BYTES && !canBeCut(plain.value))
    return refuse(`more than ${MAX_DATA_BYTES} bytes without its long texts`, `at most ${MAX_DATA_BYTES}`)
  return plain.value
}

function isPlainObject(value: Json): value is JsonObject {
  return isObject(value)
}

/** Fills each absent required field from the field that the catalogue names as its stand-in. */
function withStandIns(data: JsonObject, { card }: EventTypeDefinition): JsonObject {
  const standIns: Readonly<Record<string, string>> = (isBuiltInCard(card) && STAND_INS[card]) || {}
  const filled = Object.entries(standIns).flatMap(([name, other]) => {
    const value = Object.hasOwn(data, other) ? data[other] : undefined
    return value === undefined || (data[name] ?? null) !== null ? [] : [[name, value] as const]
  })
  return filled.length === 0 ? data : { ...data, ...Object.fromEntries(filled) }
}

/** Describes a value. Numbers beyond 2^53 arrive here as text, and "text" alone would puzzle a caller who sent a number. */
function describeFound(value: unknown): string {
  const isLong = typeof value === 'string' && /^-?\d[\d.eE+-]{15,}$/.test(value)
  return isLong ? `text, or a number with too many digits, of ${value.length} characters` : describeValue(value)
}

/**
 * The place of a problem in the data. Declared fields are named. Other keys, such as those of labels, are data and may
 * name a patient, so their position is given instead: `.labels.(entry 3)`.
 */
function placeOf(schema: z.core.$ZodType | undefined, data: Json, path: readonly PropertyKey[]): string {
  let text = ''
  let inSchema = schema
  let value: unknown = data
  for (const part of path) {
    const inside: Inside = inSchema ? insideOf(inSchema) : {}
    if (typeof part === 'number') text += `[${part}]`
    else if (inside.fields && Object.hasOwn(inside.fields, part)) text += `.${String(part)}`
    else text += `.(entry ${Object.keys(Object(value)).indexOf(String(part)) + 1})`
    inSchema = inside.fields?.[String(part)] ?? inside.item
    value = childOf(value, part)
  }
  return text
}

function valueAt(data: Json, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(childOf, data)
}

function childOf(value: unknown, part: PropertyKey): unknown {
  const isOwn = typeof value === 'object' && value !== null && Object.hasOwn(value, part)
  return isOwn ? (value as Record<PropertyKey, unknown>)[part] : undefined
}
