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

/** Copies an object with its keys renamed; keys of inner objects stay. */
export function renamed(value: object, rename: (name: string) => string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [rename(name), item]))
}

/**
 * Makes a zod codec for an object with snake_case keys in JSON and camelCase keys in TypeScript. The server (`z.encode`), the
 * client (`z.decode`) and OpenAPI use the same codec, so that they can not differ. Only top-level keys are renamed: keys
 * inside `data` and `card` are the caller's and stay.
 */
export function record<S extends z.ZodRawShape>(shape: S) {
  const wire = z.object(shape)
  return z.codec(wire, z.custom<CamelKeys<z.output<typeof wire>>>(), {
    decode: (value) => renamed(value, camelName) as CamelKeys<z.output<typeof wire>>,
    encode: (value) => renamed(value, snakeName) as z.output<typeof wire>,
  })
}

/** A time: RFC 3339 in UTC in JSON, a Date in TypeScript. */
export const moment = z.codec(z.string().meta({ format: 'date-time' }), z.date(), {
  decode: (text) => new Date(text),
  encode: (date) => date.toISOString(),
})

/** A number that is not negative. */
export const count = z.number().meta({ minimum: 0 })
