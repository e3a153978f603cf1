import type { z } from 'zod'
import type { EventTypeDefinition } from '../catalogue/catalogue.ts'
import { isMoment } from '../catalogue/data-fields.ts'
import { isZeroTime, plainMoment } from '../catalogue/moment.ts'
import type { Json, JsonObject } from '../kernel/json.ts'

/**
 * Data without what only says that there is nothing. Callers serialise what they do not know, and each in its way:
 *
 * - an optional field that is null or empty text;
 * - a time that is Go's zero time, as in what Alertmanager and Grafana send of an alert that fires;
 * - a label that is null, in an object whose values can not be null.
 *
 * Times come out in the one form that is kept. What a required field holds is left to the check of the type.
 */
export function withoutAbsent(data: JsonObject, { schema }: Pick<EventTypeDefinition, 'schema'>): JsonObject {
  return withoutAbsentFields(data, schema.shape)
}

function withoutAbsentFields(data: JsonObject, shape: z.core.$ZodShape): JsonObject {
  const kept: [string, Json][] = []
  for (const [name, value] of Object.entries(data) as [string, Json][]) {
    const field = Object.hasOwn(shape, name) ? shape[name] : undefined
    if (field === undefined) kept.push([name, value])
    else if (!isAbsent(value, field)) kept.push([name, asRead(value, field)])
  }
  return Object.fromEntries(kept)
}

function isAbsent(value: Json, field: z.core.$ZodType): boolean {
  if (value === null || value === '') return field._zod.optin === 'optional'
  return typeof value === 'string' && isZeroTime(value) && isMoment(field)
}

function asRead(value: Json, field: z.core.$ZodType): Json {
  if (typeof value === 'string') return isMoment(field) ? plainMoment(value) : value
  if (typeof value !== 'object' || value === null) return value
  const def = (field as z.core.$ZodTypes)._zod.def
  if (def.type === 'optional' || def.type === 'nullable') return asRead(value, def.innerType)
  if (Array.isArray(value))
    return def.type === 'array' ? (value as readonly Json[]).map((item) => asRead(item, def.element)) : value
  const object = value as JsonObject
  if (def.type === 'object') return withoutAbsentFields(object, def.shape)
  if (def.type !== 'record' || !Object.values(object).includes(null) || takesNull(def.valueType)) return object
  return Object.fromEntries(Object.entries(object).filter(([, item]) => item !== null))
}

function takesNull(type: z.core.$ZodType): boolean {
  const result = type._zod.run({ value: null, issues: [] }, { async: false })
  return !(result instanceof Promise) && result.issues.length === 0
}
