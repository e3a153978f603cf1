import { isObject, type Json, type JsonObject } from '../kernel/json.ts'

/** What is done with patient data before anything is written. */
export type PhiPolicy = 'mask' | 'omit' | 'show'

/** Shorter values are not looked for in other fields: a two-letter id would be found in every second word. */
const SHORTEST_TO_FIND = 5

/** What is left of a value: its first character and its last four, where enough stays hidden; else nothing of it. */
export function maskValue(value: string): string {
  const letters = [...value]
  if (letters.length < 8) return '••••'
  return `${letters[0]}••••${letters.slice(-4).join('')}`
}

/** An event's data and its correlation id after the policy was applied. */
export interface Protected {
  readonly data: JsonObject
  readonly correlationId: string | undefined
}

/**
 * Applies TEAMS_PHI_POLICY. `fields` are the names of fields that hold patient data; they are found at every depth,
 * since callers nest. Under `mask` and `omit` their values are also taken out of every other text of the event and
 * out of its correlation id: an error message likes to quote the id it could not find.
 */
export function protectPatientData(
  data: JsonObject,
  correlationId: string | undefined,
  fields: ReadonlySet<string>,
  policy: PhiPolicy,
): Protected {
  if (policy === 'show') return { data, correlationId }
  const values = new Set<string>()
  collect(data, fields, false, values)
  // The longest first: one value may be a part of another.
  const known = [...values].filter((value) => value.length >= SHORTEST_TO_FIND).sort((a, b) => b.length - a.length)
  const hide = (text: string) => known.reduce((hidden, value) => hidden.replaceAll(value, maskValue(value)), text)
  return {
    data: walk(data, fields, policy, hide) as JsonObject,
    correlationId: correlationId === undefined ? undefined : hide(correlationId),
  }
}

function collect(value: Json, fields: ReadonlySet<string>, inside: boolean, values: Set<string>): void {
  if (typeof value === 'string' || typeof value === 'number') {
    if (inside) values.add(String(value))
  } else if (Array.isArray(value)) for (const item of value as readonly Json[]) collect(item, fields, inside, values)
  else if (isObject(value))
    for (const [key, item] of Object.entries(value)) collect(item as Json, fields, inside || fields.has(key), values)
}

function walk(value: Json, fields: ReadonlySet<string>, policy: PhiPolicy, hide: (text: string) => string): Json {
  if (typeof value === 'string') return hide(value)
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => walk(item, fields, policy, hide))
  if (!isObject(value))
    return typeof value === 'number' && hide(String(value)) !== String(value) ? hide(String(value)) : value
  const entries: [string, Json][] = []
  for (const [key, item] of Object.entries(value) as [string, Json][]) {
    if (!fields.has(key)) entries.push([hide(key), walk(item, fields, policy, hide)])
    else if (policy === 'mask') entries.push([key, maskAll(item)])
  }
  return Object.fromEntries(entries)
}

function maskAll(value: Json): Json {
  if (value === null || typeof value === 'boolean') return value
  if (Array.isArray(value)) return (value as readonly Json[]).map(maskAll)
  if (isObject(value))
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, maskAll(item as Json)]))
  return maskValue(String(value))
}

/** The names of all fields that hold patient data, over all event types. */
export function patientDataFields(
  eventTypes: Iterable<{ readonly phiFields: ReadonlySet<string> }>,
): ReadonlySet<string> {
  const fields = new Set<string>()
  for (const type of eventTypes) for (const field of type.phiFields) fields.add(field)
  return fields
}
