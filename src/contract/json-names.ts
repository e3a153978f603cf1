import { z } from 'zod'

type Camel<S extends string> = S extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : S

type CamelKeys<T> = {
  readonly [K in keyof T as K extends string ? Camel<K> : never]: AsRead<T[K]>
}

type AsRead<V> = V extends readonly (infer Item)[] ? readonly Item[] : V

/** `event_type` → `eventType`. */
export function camelName(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

/** `eventType` → `event_type`. */
export function snakeName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/** A copy of an object with its own keys renamed. */
export function renamed(value: object, rename: (name: string) => string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [rename(name), item]))
}

/**
 * An object with snake_case keys on the wire and camelCase keys inside. It works in both directions (`z.encode` at the
 * server, `z.decode` at the client) and is what OpenAPI shows, so that the three can not differ. Only its own keys are
 * renamed: what lies in `data` or `card` belongs to others and stays as it is.
 */
export function record<S extends z.ZodRawShape>(shape: S) {
  const wire = z.object(shape)
  return z.codec(wire, z.custom<CamelKeys<z.output<typeof wire>>>(), {
    decode: (value) => renamed(value, camelName) as CamelKeys<z.output<typeof wire>>,
    encode: (value) => renamed(value, snakeName) as z.output<typeof wire>,
  })
}

/** A time: RFC 3339 in UTC on the wire, a Date inside. */
export const moment = z.codec(z.string().meta({ format: 'date-time' }), z.date(), {
  decode: (text) => new Date(text),
  encode: (date) => date.toISOString(),
})

/** A number that is not negative. */
export const count = z.number().meta({ minimum: 0 })
