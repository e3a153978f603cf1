import { isObject, type Json, type JsonObject } from '../kernel/json.ts'

/**
 * An object with its keys in the order in which PostgreSQL gives a jsonb back: the shorter first, counted in bytes, and by
 * their bytes among those of one length, at every depth. Cards list labels and the like in the order of their keys, so
 * that a card of data that were never stored would otherwise list them differently.
 */
export function inJsonbOrder(value: JsonObject): JsonObject {
  const entries = Object.entries(value).map(([key, item]) => ({ key, bytes: Buffer.from(key), item }))
  entries.sort((a, b) => a.bytes.length - b.bytes.length || Buffer.compare(a.bytes, b.bytes))
  return Object.fromEntries(entries.map(({ key, item }) => [key, ordered(item)]))
}

function ordered(value: Json): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map(ordered)
  return isObject(value) ? inJsonbOrder(value as JsonObject) : value
}
