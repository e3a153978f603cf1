import type { z } from 'zod'

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
