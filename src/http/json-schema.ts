import { z } from 'zod'
import type { JsonObject } from '../kernel/json.ts'

/** Where OpenAPI keeps its schemas. */
export const REF = '#/components/schemas/'

/** A reference to one of them. */
export function refTo(name: string): { readonly $ref: string } {
  return { $ref: REF + name }
}

/** A zod schema as JSON Schema 2020-12, as a caller has to write it; patient data is marked with `x-patient-data`. */
export function jsonSchema(schema: z.ZodType): JsonObject {
  const { $schema, ...rest } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ jsonSchema: made }) => {
      if (made.phi !== true) return
      delete made.phi
      made['x-patient-data'] = true
    },
  })
  return asJson(rest)
}

/** A value as it is once written and read as JSON: without what is undefined, and typed as what it then is. */
export function asJson(value: object): JsonObject {
  return JSON.parse(JSON.stringify(value)) as JsonObject
}
