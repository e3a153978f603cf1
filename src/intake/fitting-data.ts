import { z } from 'zod'
import type { EventTypeDefinition } from '../catalogue/catalogue.ts'
import { isObject } from '../kernel/json.ts'

/**
 * The data of a source's event without the values that their fields do not take: a number or a boolean becomes text where that fits, and
 * the rest is left out. Nobody is there to correct what an outside system wrote, and a refused event would hold up those that come after it.
 */
export function fittingData({ schema }: EventTypeDefinition, data: unknown): unknown {
  if (!isObject(data)) return data
  const { shape } = schema
  return Object.fromEntries(
    Object.entries(data).flatMap(([name, value]): [string, unknown][] => {
      const field = Object.hasOwn(shape, name) ? shape[name] : undefined
      if (field === undefined) return [[name, value]]
      const isScalar = typeof value === 'number' || typeof value === 'boolean'
      const fitting = [value, ...(isScalar ? [String(value)] : [])].filter(
        (one) => z.core.safeParse(field, one).success,
      )
      return fitting.slice(0, 1).map((one) => [name, one])
    }),
  )
}
