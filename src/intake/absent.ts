import type { z } from 'zod'
import type { EventTypeDefinition } from '../catalogue/catalogue.ts'
import { isMoment } from '../catalogue/data-fields.ts'
import { isZeroTime, plainMoment } from '../catalogue/moment.ts'
import type { Json, JsonObject } from '../kernel/json.ts'

/**
 * Removes absent values from event data. Callers serialise unknown values in different ways:
 *
 * - an optional field that is null or empty text;
 * - Go's zero time, which Alertmanager and Grafana send as the end of an alert that still fires;
 * - a null label, in an object whose values can not be null.
 *
 * Times are converted to the stored format. Null and empty text in a required field stay: the check of the type decides.
 */
export function withoutAbsent(data: JsonObject, { schema }: Pick<EventTypeDefinition, 'schema'>): JsonObject {
  return withoutAbsentFields(data, schema.shape)
}

function withoutAbsentFields(data: JsonObject, shape: z.core.$ZodShape): JsonObject {
  const kept: [string, Json][] = []
  for (const [name, value] of Object.entries(data) as [string, Json][]) {
    const field = Object.hasOwn(shape, name) ? shape[name] : undefined
    if (field === undefined) kept.push([name, value])
    else if (!isAbsent(value, field)) kept.push([name, normalised(value, field)])
  }
  return Object.fromEntries(kept)
}

function isAbsent(value: Json, field: z.core.$ZodType): boolean {
  if (value === null || value === '') return field._zod.optin === 'optional'
  return typeof value === 'string' && isZeroTime(value) && isMoment(field)
}

function normalised(value: Json, field: z.core.$ZodType): Json {
  if (typeof value === 'string') return isMoment(field) ? plainMoment(value) : value
  if (typeof value !== 'object' || value === null) return value
  const def = (field as z.core.$ZodTypes)._zod.def
  if (def.type === 'optional' || def.type === 'nullable') return normalised(value, def.innerType)
  if (Array.isArray(value))
    return def.type === 'array' ? (value as readonly Json[]).map((item) => normalised(item, def.element)) : value
  const object = value as JsonObject
  if (def.type === 'object') return withoutAbsentFields(object, def.shape)
  if (def.type !== 'record' || !Object.values(object).includes(null) || acceptsNull(def.valueType)) return object
  return Object.fromEntries(Object.entries(object).filter(([, item]) => item !== null))
}

function acceptsNull(type: z.core.$ZodType): boolean {
  const result = type._zod.run({ value: null, issues: [] }, { async: false })
  return !(result instanceof Promise) && result.issues.length === 0
}
