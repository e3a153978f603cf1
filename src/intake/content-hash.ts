import type { Language } from '../catalogue/language.ts'
import type { Priority } from '../catalogue/priority.ts'
import { digestOf } from '../kernel/ids.ts'
import { isObject, type Json, type JsonObject } from '../kernel/json.ts'

/** The content of an event as its caller sent it, without defaults of the type, since the catalogue may change them. */
export interface Content {
  readonly eventType: string
  readonly priority: Priority | undefined
  readonly stakeholders: readonly string[] | undefined
  /** Converted by the schema: the number 7 and the text "7" are the same id. */
  readonly data: JsonObject
  /** The caller's data, so that unknown fields are compared too. */
  readonly given: JsonObject
  readonly correlationId: string | undefined
  readonly occurredAt: Date | undefined
  readonly language: Language | undefined
}

/**
 * SHA-256 of an event's content without its idempotency key. Independent of the order of object keys and stakeholders, of
 * the alias used for the type, and of the time zone of a time.
 *
 * Salt it before storing: it may be the hash of a patient's id and little else.
 */
export function contentHash(content: Content): string {
  const { eventType, priority, stakeholders, data, given, correlationId, occurredAt, language } = content
  // An optional field that is null counts as absent.
  const extra = Object.entries(given).filter(([key, value]) => value !== null && !Object.hasOwn(data, key))
  return digestOf(
    canonicalJson([
      eventType,
      priority ?? null,
      stakeholders ? [...stakeholders].sort() : null,
      { ...data, ...Object.fromEntries(extra) },
      correlationId ?? null,
      occurredAt?.toISOString() ?? null,
      language ?? null,
    ]),
  )
}

/** JSON with sorted object keys. Recursive, since MAX_DATA_DEPTH limits the depth. */
function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(canonicalJson).join()}]`
  if (!isObject(value)) return JSON.stringify(value)
  const entries = Object.entries(value as JsonObject).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join()}}`
}
