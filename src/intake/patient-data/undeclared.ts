import type { z } from 'zod'
import { MAX_IGNORED, MAX_PROBLEMS_PER_EVENT } from '../../contract/limits.ts'
import type { Problem } from '../../kernel/errors.ts'
import { isObject, type Json, type JsonObject } from '../../kernel/json.ts'
import { nearestName } from '../../kernel/nearest.ts'
import { isFieldName } from '../fields.ts'
import { maskAll, maskValue, withUniqueKeys } from './mask.ts'

/** What becomes of data fields that an event's type does not declare: TEAMS_UNDECLARED_DATA. */
export type UndeclaredData = 'drop' | 'mask' | 'keep' | 'refuse'

/** A field that the type does not declare. */
interface Undeclared {
  /** As people may read it: `patient_name`, `services[].code`, `(entry 3)`. */
  readonly name: string
  /** Names that stand in the same place in the type. */
  readonly declared: readonly string[]
  /** The key, as it was sent. */
  readonly key: string
}

/** Data without what the type does not declare, or with it, as the setting says; and the names of what is not kept. */
export interface Declared {
  readonly data: JsonObject
  readonly ignored: readonly string[]
}

/**
 * Deals with the fields that a type does not declare. Nobody has said of them what they hold, and most often it is what
 * the sender had at hand: a patient's name, id and diagnosis, for six years of rows. Their values are still looked for
 * elsewhere in the event.
 *
 * Inside the items of a list, what the type does not declare is never kept: no card could show it.
 *
 * @param data as the schema has it: unknown fields of the event's data are there, those of list items are not
 * @param given as it was sent
 * @returns undefined where it is refused; `problems` then names each field
 */
export function declaredData(
  schema: z.ZodObject,
  { data, given }: { readonly data: JsonObject; readonly given: JsonObject },
  how: { readonly undeclared: UndeclaredData; readonly at: string; readonly problems: Problem[] },
): Declared | undefined {
  const { undeclared, at, problems } = how
  const found = [...undeclaredIn(schema, given)]
  if (found.length === 0) return { data, ignored: [] }
  if (undeclared === 'refuse') {
    // One more than is told, so that whoever counts sees that there are more.
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
  if (undeclared === 'keep') return { data, ignored: namesOf(found.filter(({ name }) => name.includes('[]'))) }
  const kept = Object.entries(data).flatMap(([key, value]): [string, Json][] => {
    if (Object.hasOwn(schema.shape, key)) return [[key, value]]
    return undeclared === 'mask' ? [[isFieldName(key) ? key : maskValue(key), maskAll(value)]] : []
  })
  return { data: withUniqueKeys(kept), ignored: namesOf(found) }
}

/** Each name once, and not all of ten thousand. */
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

/** What a schema says of what lies one level deeper: fields by name, or an item of a list or of a map. */
export interface Inside {
  readonly fields?: z.core.$ZodShape
  readonly item?: z.core.$ZodType
}

/** Looks into a schema. Nothing for texts and numbers, and for lists and objects whose inside is free. */
export function insideOf(schema: z.core.$ZodType): Inside {
  const def = (schema as z.core.$ZodTypes)._zod.def
  if (def.type === 'optional' || def.type === 'nullable') return insideOf(def.innerType)
  if (def.type === 'object') return { fields: def.shape }
  if (def.type === 'array') return { item: def.element }
  if (def.type === 'record') return { item: def.valueType }
  return {}
}
