import type { z } from 'zod'
import { isObject, type Json, type JsonObject } from '../../src/kernel/json.ts'
import type { Random } from '../random.ts'
import { anyText, disguised, markedId, NUMBERS } from './texts.ts'

const URLS = [
  'https://grafana.example.sa/d/x?y=1#z',
  'http://10.0.0.1:3000/',
  'https://x.example/ا%20b',
  'https://u:p@x.example/',
]

const DATE_TIMES = [
  '2025-01-15T14:23:45Z',
  '1999-12-31T23:59:59.999+14:00',
  '2026-11-21 10:00:00+0300',
  '2016-12-31T23:59:60Z',
  '0001-01-01T00:00:00Z',
]

/** Names of patient fields that no type declares. */
const UNDECLARED_PATIENT_FIELDS = ['national_id', 'iqama', 'passport_no', 'MRN', 'patientId', 'رقم الهوية']

/**
 * Data that a schema takes, or nearly: each field by its own kind, some left out, texts now and then hostile or long.
 * Patient fields hold marked values, and other texts now and then quote those. Maps such as labels have patient fields too.
 */
export function dataFor(schema: z.core.$ZodType, random: Random): Json {
  return madeFor(schema, random, [markedId(random), markedId(random)])
}

/**
 * Data of an event as it is sent: those of {@link dataFor}, in half of the cases with a patient field that the type does not
 * declare. Its value is not kept, and must not be kept either where a declared text, or a key of a map, quotes it.
 */
export function sentDataFor(schema: z.core.$ZodType, random: Random): Json {
  const patients = [markedId(random), markedId(random)]
  const data = madeFor(schema, random, patients)
  if (!isObject(data) || random.oneIn(2)) return data
  return { ...(data as JsonObject), [random.pick(UNDECLARED_PATIENT_FIELDS)]: random.pick(patients) }
}

function madeFor(schema: z.core.$ZodType, random: Random, patients: readonly string[]): Json {
  const text = () => {
    if (random.oneIn(5)) return disguised(random.pick(patients), random)
    const made = random.oneIn(3)
      ? anyText(random, [])
      : random.pick(['Consultation', 'E-4001', 'ورقة', 'vault-node-2.prod', '15000 SAR'])
    return random.oneIn(12)
      ? made.repeat(Math.ceil((1 + random.whole(random.oneIn(4) ? 60_000 : 6_000)) / Math.max(1, made.length)))
      : made
  }
  const make = (field: z.core.$ZodType, name: string): Json | undefined => {
    if (/^(?:patient|member)_id$/.test(name) && !random.oneIn(4)) return random.pick(patients)
    const def = (field as z.core.$ZodTypes)._zod.def
    switch (def.type) {
      case 'optional':
        return random.oneIn(3) ? undefined : make(def.innerType, name)
      case 'nullable':
        return random.oneIn(3) ? null : make(def.innerType, name)
      case 'pipe':
        return make(def.in, name)
      case 'union':
        return make(random.pick(def.options), name)
      case 'number':
        return random.oneIn(2) ? random.whole(20) : random.pick(NUMBERS)
      case 'boolean':
        return random.oneIn(2)
      case 'enum':
        return random.pick(Object.values(def.entries).map(String))
      case 'array': {
        const length = random.oneIn(8) ? random.pick([100, 999]) : random.whole(5)
        return Array.from({ length }, () => make(def.element, name) ?? null)
      }
      case 'record':
        return Object.fromEntries([
          ...Array.from({ length: random.oneIn(8) ? 120 : random.whole(6) }, (_, i): [string, Json] => [
            `${text().slice(0, 200)}${i}`,
            make(def.valueType, '') ?? null,
          ]),
          ...(random.oneIn(2) ? [[random.pick(UNDECLARED_PATIENT_FIELDS), random.pick(patients)] as const] : []),
        ])
      case 'object':
        return Object.fromEntries(
          Object.entries(def.shape).flatMap(([key, inner]): [string, Json][] => {
            const made = make(inner, key)
            return made === undefined ? [] : [[key, made]]
          }),
        )
      case 'string': {
        const format = 'format' in def ? def.format : undefined
        if (random.oneIn(12)) return ''
        if (format === 'datetime') return random.pick(DATE_TIMES)
        if (format === 'date') return random.pick(['2025-01-15', '1999-12-31'])
        return format === 'url' ? random.pick(URLS) : text()
      }
      default:
        return text()
    }
  }
  return make(schema, '') ?? {}
}
