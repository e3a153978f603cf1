import type { z } from 'zod'
import { ALERT_IDS } from '../../catalogue/data-fields.ts'
import { MAX_IGNORED, MAX_PROBLEMS_PER_EVENT } from '../../contract/limits.ts'
import type { Problem } from '../../kernel/errors.ts'
import { isObject, type Json, type JsonObject } from '../../kernel/json.ts'
import { nearestName } from '../../kernel/nearest.ts'
import { isFieldName } from '../fields.ts'
import { maskAll, maskValue, withUniqueKeys } from './mask.ts'

/** The treatment of data fields that an event's type does not declare: TEAMS_UNDECLARED_DATA. */
export type UndeclaredData = 'drop' | 'mask' | 'keep' | 'refuse'

/** A field that the type does not declare. */
interface Undeclared {
  /** The name shown to people: `patient_name`, `services[].code`, `(entry 3)`. */
  readonly name: string
  /** Declared names in the same place. */
  readonly declared: readonly string[]
  /** The key, as sent. */
  readonly key: string
}

/** Data after undeclared fields were dropped, masked or kept, and the names of the fields not stored. */
export interface Declared {
  readonly data: JsonObject
  readonly ignored: readonly string[]
}

/**
 * Drops, masks, keeps or refuses the fields that a type does not declare. Their content is unknown and is most often a
 * record that the sender had at hand: a patient's name, id and diagnosis, which would be stored for six years. The event's
 * other texts are still searched for their values.
 *
 * Undeclared fields inside list items are never kept: no card could show them. Nor is the gateway's own field {@link ALERT_IDS}.
 *
 * @param data as the schema returns it: with the undeclared fields of the event's data, without those of list items
 * @param given the data as sent
 * @returns undefined for refused data; `problems` then names each field
 */
export function declaredData(
  schema: z.ZodObject,
  { data, given }: { readonly data: JsonObject; readonly given: JsonObject },
  how: { readonly undeclared: UndeclaredData; readonly at: string; readonly problems: Problem[] },
): Declared | undefined {
  const { undeclared, at, problems } = how
  const found = [...undeclaredIn(schema, given)]
  if (undeclared === 'refuse' && found.length > 0) {
    // One more than the limit, so that the caller can report that there are more.
    for (const { name, key, declared } of found.slice(0, MAX_PROBLEMS_PER_EVENT + 1)) {
      const near = nearestName(declared, key)
      problems.push({
        at: `${at}.${name}`,
        found: 'a field that the event type does not declare',
        expected: near ? `perhaps ${near}` : `one of: ${declared.join(', ')}`,
      })
    }
    return undefined
  }
  if (undeclared === 'keep') {
    const { [ALERT_IDS]: _, ...kept } = data
    return { data: kept, ignored: namesOf(found.filter(({ name }) => name.includes('[]') || name === ALERT_IDS)) }
  }
  // Also where nothing was found: a null says nothing and is not reported, but its key is text of the sender.
  const kept = Object.entries(data).flatMap(([key, value]): [string, Json][] => {
    if (Object.hasOwn(schema.shape, key)) return [[key, value]]
    return undeclared === 'mask' ? [[isFieldName(key) ? key : maskValue(key), maskAll(value)]] : []
  })
  return { data: withUniqueKeys(kept), ignored: namesOf(found) }
}

/** The distinct names, at most MAX_IGNORED of them and then a count. */
function namesOf(found: readonly Undeclared[]): readonly string[] {
  const names = [...new Set(found.map(({ name }) => name))]
  return names.length <= MAX_IGNORED
    ? names
    : [...names.slice(0, MAX_IGNORED), `(and ${names.length - MAX_IGNORED} more)`]
}

function* undeclaredIn(schema: z.core.$ZodType, value: Json, path = ''): Generator<Undeclared> {
  const { fields, item } = insideOf(schema)
  if (fields && isObject(value)) {
    const declared = Object.keys(fields)
    for (const [index, [key, inside]] of (Object.entries(value) as [string, Json][]).entries()) {
      const field = Object.hasOwn(fields, key) ? fields[key] : undefined
      if (field) yield* undeclaredIn(field, inside, `${path}${key}`)
      else if (inside !== null)
        yield { name: `${path}${isFieldName(key) ? key : `(entry ${index + 1})`}`, key, declared }
    }
  } else if (item && Array.isArray(value))
    for (const inside of value as readonly Json[]) yield* undeclaredIn(item, inside, `${path}[].`)
}

/** The schemas one level deeper: fields by name, or the item of a list or map. */
export interface Inside {
  readonly fields?: z.core.$ZodShape
  readonly item?: z.core.$ZodType
}

/** The schemas inside a schema; empty for texts and numbers, and for lists and objects of any content. */
export function insideOf(schema: z.core.$ZodType): Inside {
  const def = (schema as z.core.$ZodTypes)._zod.def
  if (def.type === 'optional' || def.type === 'nullable') return insideOf(def.innerType)
  if (def.type === 'object') return { fields: def.shape }
  if (def.type === 'array') return { item: def.element }
  if (def.type === 'record') return { item: def.valueType }
  return {}
}
