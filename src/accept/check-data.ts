import { describeValue, type Problem } from '../kernel/errors.ts'
import { depthOf, isObject, type JsonObject } from '../kernel/json.ts'
import type { EventTypeDefinition } from '../registry/registry.ts'
import { MAX_DATA_BYTES, MAX_DEPTH } from './limits.ts'

/**
 * Checks an event's data against its type. Fields that the type does not know are kept. An optional field that is
 * null counts as absent: many callers serialise what they do not know as null.
 */
export function checkData(
  definition: EventTypeDefinition | undefined,
  value: unknown,
  at: string,
  problems: Problem[],
): JsonObject | undefined {
  if (value !== undefined && !isObject(value)) {
    problems.push({ at, found: describeValue(value), expected: 'an object' })
    return undefined
  }
  const given = value ?? {}
  if (depthOf(given, MAX_DEPTH) > MAX_DEPTH) {
    problems.push({ at, found: `more than ${MAX_DEPTH} levels of lists and objects`, expected: `at most ${MAX_DEPTH}` })
    return undefined
  }
  const text = toJson(given)
  if (text === undefined) {
    problems.push({
      at,
      found: 'something that JSON can not say',
      expected: 'texts, numbers, booleans, lists and objects',
    })
    return undefined
  }
  const bytes = Buffer.byteLength(text)
  if (bytes > MAX_DATA_BYTES) {
    problems.push({ at, found: `${bytes} bytes`, expected: `at most ${MAX_DATA_BYTES} bytes as JSON` })
    return undefined
  }
  const data = withoutNulls(JSON.parse(text) as JsonObject, definition)
  if (!definition) return undefined
  const result = definition.schema.safeParse(data)
  if (result.success) return result.data as JsonObject
  for (const issue of result.error.issues) {
    const path = issue.path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('')
    problems.push({ at: `${at}${path}`, found: describeValue(valueAt(data, issue.path)), expected: issue.message })
  }
  return undefined
}

/**
 * Data as JSON; undefined where JSON can not say it (a BigInt, a circle). U+0000 is taken out, because PostgreSQL
 * can not store it, and a half of a surrogate pair becomes U+FFFD, because UTF-8 can not write it.
 */
function toJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value, (key, item: unknown) => {
      if (key === '__proto__') return undefined
      return typeof item === 'string' ? clean(item) : item
    })
  } catch {
    return undefined
  }
}

function clean(text: string): string {
  return text.replaceAll('\u0000', '').toWellFormed()
}

function withoutNulls(data: JsonObject, definition: EventTypeDefinition | undefined): JsonObject {
  const known = definition?.schema.shape ?? {}
  return Object.fromEntries(
    Object.entries(data)
      .filter(([key, value]) => !(value === null && key in known))
      .map(([key, value]) => [clean(key), value]),
  )
}

function valueAt(data: unknown, path: readonly PropertyKey[]): unknown {
  let value = data
  for (const part of path)
    value = isObject(value) || Array.isArray(value) ? (value as Record<PropertyKey, unknown>)[part] : undefined
  return value
}
