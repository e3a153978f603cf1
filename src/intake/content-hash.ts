import type { Language } from '../catalogue/language.ts'
import type { Priority } from '../catalogue/priority.ts'
import { digestOf } from '../kernel/ids.ts'
import { isObject, type Json, type JsonObject } from '../kernel/json.ts'

/** What an event says, as its caller said it: defaults of the type are absent, since the catalogue may change them. */
export interface Content {
  readonly eventType: string
  readonly priority: Priority | undefined
  readonly stakeholders: readonly string[] | undefined
  /** As the type has them: the number 7 and the text "7" are the same id. */
  readonly data: JsonObject
  /** As they were given: what the type does not know is compared too. */
  readonly given: JsonObject
  readonly correlationId: string | undefined
  readonly occurredAt: Date | undefined
  readonly language: Language | undefined
}

/**
 * SHA-256 of an event's content, without its idempotency key. The same whatever the order of keys in objects, the order of
 * stakeholders, the alias by which the type was named, and the time zone in which a time was written.
 *
 * It may be the hash of a patient's id and little else: it is salted before it is stored.
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

/** JSON with the keys of each object in one order. Events are not deep, so it may recurse. */
function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(canonicalJson).join()}]`
  if (!isObject(value)) return JSON.stringify(value)
  const entries = Object.entries(value as JsonObject).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join()}}`
}
