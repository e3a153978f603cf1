import { isObject, type Json, type JsonObject } from './json.ts'

/**
 * Writes a value as canonical JSON (RFC 8785): no white space, keys in the order of their UTF-16 code units. The same value
 * always gives the same bytes, so its SHA-256 can be computed again from a value that PostgreSQL has stored as jsonb.
 *
 * Numbers and texts are written by `JSON.stringify`, whose notation RFC 8785 prescribes. Rejected: the package
 * `canonicalize`, which takes three times as long, because it sorts objects whose keys are in order already; cards are, from
 * their template on.
 */
export function canonicalJson(value: Json): string {
  const sorted = inOrder(value)
  return sorted === UNSORTABLE ? pieces(value) : JSON.stringify(sorted)
}

/** Sorts the keys of an object and of all objects in it; objects whose keys are in order are returned as they are. */
export function withSortedKeys(value: JsonObject): JsonObject {
  const sorted = inOrder(value)
  return sorted === UNSORTABLE ? value : (sorted as JsonObject)
}

/**
 * An object with keys such as "10" and "9", which JavaScript lists as numbers, whatever their order in the source; or with
 * the key "__proto__", which is lost where it is assigned.
 */
const UNSORTABLE = Symbol('unsortable')

function inOrder(value: Json): Json | typeof UNSORTABLE {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return listInOrder(value)
  const keys = Object.keys(value)
  let sorted = true
  for (let i = 1; i < keys.length; i += 1) if ((keys[i - 1] as string) > (keys[i] as string)) sorted = false
  if (!sorted) {
    if (keys.some((key) => /^\d/.test(key) || key === '__proto__')) return UNSORTABLE
    keys.sort()
  }
  let copy: Record<string, Json> | undefined = sorted ? undefined : {}
  for (const key of keys) {
    const item = (value as JsonObject)[key] as Json
    const ordered = inOrder(item)
    if (ordered === UNSORTABLE) return UNSORTABLE
    if (ordered !== item) copy ??= { ...(value as JsonObject) }
    if (copy !== undefined) copy[key] = ordered
  }
  return copy ?? value
}

function listInOrder(list: readonly Json[]): Json | typeof UNSORTABLE {
  let copy: Json[] | undefined
  for (const [index, item] of list.entries()) {
    const ordered = inOrder(item)
    if (ordered === UNSORTABLE) return UNSORTABLE
    if (ordered === item) continue
    copy ??= [...list]
    copy[index] = ordered
  }
  return copy ?? list
}

/** Canonical JSON piece by piece: slower, for objects that {@link inOrder} can not sort. */
function pieces(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(pieces).join()}]`
  if (!isObject(value)) return JSON.stringify(value)
  const keys = Object.keys(value).sort()
  return `{${keys.map((key) => `${JSON.stringify(key)}:${pieces(value[key] as Json)}`).join()}}`
}
