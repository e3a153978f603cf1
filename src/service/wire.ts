import { z } from 'zod'
import { type EventInput, LANGUAGES } from '../events/event.ts'
import { PRIORITIES } from '../events/priority.ts'
import type { Json, JsonObject } from '../kernel/json.ts'
import { STATES, type UncheckedEvent } from './port.ts'

/**
 * How the gateway's values are written in JSON: keys in snake_case, times as RFC 3339 in UTC. Each schema here works
 * in both directions (`z.encode` at the server, `z.decode` at the client) and is what OpenAPI shows, so that the three
 * can not differ.
 */

type Camel<S extends string> = S extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : S
type CamelKeys<T> = {
  readonly [K in keyof T & string as Camel<K>]: T[K] extends readonly (infer Item)[] ? readonly Item[] : T[K]
}

/** `event_type` → `eventType`. */
export function camelName(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

/** `eventType` → `event_type`. */
export function snakeName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

function renamed(value: object, rename: (name: string) => string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [rename(name), item]))
}

/**
 * An object with snake_case keys on the wire and camelCase keys inside. Only its own keys are renamed: what lies in
 * `data` or `card` belongs to others and stays as it is.
 */
function record<S extends z.ZodRawShape>(shape: S) {
  const wire = z.object(shape)
  return z.codec(wire, z.custom<CamelKeys<z.output<typeof wire>>>(), {
    decode: (value) => renamed(value, camelName) as CamelKeys<z.output<typeof wire>>,
    encode: (value) => renamed(value, snakeName) as z.output<typeof wire>,
  })
}

const moment = z.codec(z.string().meta({ format: 'date-time' }), z.date(), {
  decode: (text) => new Date(text),
  encode: (date) => date.toISOString(),
})
const count = z.number().meta({ minimum: 0 })
const jsonObject = z.custom<JsonObject>((value) => typeof value === 'object' && value !== null)
const priority = z.enum(PRIORITIES)
const state = z.enum(STATES)

/** The answer to one accepted event. */
export const acceptanceWire = record({
  event_id: z.string(),
  correlation_id: z.string(),
  duplicate: z.boolean().meta({ description: 'The idempotency key was seen before: this is the first answer again.' }),
  notifications: z.array(record({ id: z.string(), channel: z.string(), state })),
})

/** The answer to `POST /v1/events`. */
export const acceptancesWire = z.object({ events: z.array(acceptanceWire) })

const notificationShape = {
  id: z.string(),
  event_id: z.string(),
  correlation_id: z.string(),
  event_type: z.string(),
  priority,
  stakeholders: z.array(z.string()),
  channel: z.string(),
  state,
  reason: z.string().nullable().meta({ description: 'Why it is in that state: the name of an outcome, or "muted".' }),
  language: z.enum(LANGUAGES),
  webhook_url: z.string().nullable().meta({ description: 'Host and path shape only, never the signature.' }),
  status_code: z.number().nullable(),
  retry_count: count,
  error_message: z.string().nullable(),
  created_at: moment,
  sent_at: moment.nullable(),
  next_attempt_at: moment.nullable(),
  acknowledged_by: z.string().nullable(),
  acknowledged_at: moment.nullable(),
  action_taken: z.string().nullable(),
}

/** A notification in a list. */
export const notificationWire = record(notificationShape)

/** One try to send a notification. */
export const attemptWire = record({
  attempt: count,
  started_at: moment,
  finished_at: moment,
  outcome: z.string(),
  status_code: z.number().nullable(),
  error_code: z.string().nullable(),
  message: z.string().nullable(),
  repeat: z.boolean().meta({ description: 'An earlier attempt was cut off, so the card may have been shown twice.' }),
})

/** A notification with all that happened to it. */
export const notificationDetailWire = record({
  ...notificationShape,
  card: jsonObject.meta({ type: 'object' }).nullable(),
  data: jsonObject.meta({ type: 'object', description: "The event's data, as the policy for patient data left it." }),
  attempts: z.array(attemptWire),
  actions: z.array(record({ action: z.string(), by: z.string(), at: moment, data: z.custom<Json>() })),
})

/** A page of notifications, the newest first. */
export const notificationPageWire = record({
  notifications: z.array(notificationWire),
  next_cursor: z
    .string()
    .nullable()
    .meta({ description: 'Give it as "cursor" to get the next page; null at the end.' }),
})

/** A channel. */
export const channelWire = record({
  key: z.string(),
  name: z.string(),
  configured: z.boolean().meta({ description: 'It has a webhook URL.' }),
  muted: z.boolean(),
  budget_left: z.number().meta({ description: 'Cards it may get right now.' }),
  budget: z.object({ requests: count, period: count, burst: count }),
  backlog: z.record(priority, count).meta({ description: 'Notifications that wait, by priority.' }),
  breaker: z.enum(['closed', 'open', 'half_open']),
  rests_until: moment.nullable(),
  last_outcome: z.string().nullable(),
  last_outcome_at: moment.nullable(),
})

/** The answer to `GET /v1/channels`. */
export const channelsWire = z.object({ channels: z.array(channelWire) })

/** An error as RFC 9457 writes it; `code` is a key of ERROR_CODES, or one that a newer gateway knows. */
export const problemWire = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number(),
  detail: z.string(),
  code: z.string(),
  todo: z.string(),
  instance: z.string().optional().meta({ description: 'Names this request in the log.' }),
  errors: z.array(z.object({ at: z.string(), found: z.string(), expected: z.string() })),
})

/** The fields of an event on the wire. What they may hold is checked where events are accepted. */
export const EVENT_FIELDS = [
  'event_type',
  'data',
  'correlation_id',
  'stakeholders',
  'priority',
  'occurred_at',
  'idempotency_key',
  'language',
] as const

/** An event of the wire as the service takes it; fields that are not an event's are left behind. */
export function eventFromWire(wire: Readonly<Record<string, unknown>>): UncheckedEvent {
  return Object.fromEntries(
    EVENT_FIELDS.filter((field) => Object.hasOwn(wire, field)).map((field) => [camelName(field), wire[field]]),
  )
}

/** An event as it is sent over the wire. */
export function eventToWire(event: EventInput): Record<string, unknown> {
  const wire = renamed(event, snakeName)
  return Object.fromEntries(EVENT_FIELDS.filter((field) => wire[field] !== undefined).map((f) => [f, wire[f]]))
}
