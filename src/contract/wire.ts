import { z } from 'zod'
import { LANGUAGES } from '../catalogue/language.ts'
import { PRIORITIES } from '../catalogue/priority.ts'
import type { Json, JsonObject } from '../kernel/json.ts'
import type { EventInput } from './event.ts'
import {
  MATCHER_OPERATORS,
  RECURRENCES,
  SILENCE_KINDS,
  SILENCE_LIMITS,
  SILENCE_STATES,
  STATES,
  type UncheckedEvent,
  type UncheckedSilence,
} from './service.ts'

/**
 * How the gateway's values are written in JSON: keys in snake_case, times as RFC 3339 in UTC. Each schema here works
 * in both directions (`z.encode` at the server, `z.decode` at the client) and is what OpenAPI shows, so that the three
 * can not differ.
 */

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
  ignored: z.array(z.string()).exactOptional().meta({
    description:
      'Data fields that are not kept, because the event type does not declare them (TEAMS_UNDECLARED_DATA); absent where there are none. A name that may be a value is told by its place, such as "(entry 3)".',
  }),
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
  reason: z.string().nullable().meta({
    description: 'Why it is in that state: the name of an outcome, "muted", "silence", "maintenance" or "repeat".',
  }),
  language: z.enum(LANGUAGES),
  webhook_url: z.string().nullable().meta({ description: 'Host and path shape only, never the signature.' }),
  status_code: z.number().nullable(),
  retry_count: count.meta({
    description: 'Retries used up. Posts after a 429, a rest of the channel or an interruption are none.',
  }),
  error_message: z.string().nullable(),
  created_at: moment,
  sent_at: moment.nullable().meta({ description: 'When the first attempt began, whatever came of it.' }),
  accepted_at: moment.nullable().meta({ description: 'When Teams first took it.' }),
  next_attempt_at: moment.nullable(),
  acknowledged_by: z.string().nullable(),
  acknowledged_at: moment.nullable(),
  action_taken: z.string().nullable(),
  digest_id: z
    .string()
    .nullable()
    .meta({ description: 'The notification whose card is the digest that it stands in.' }),
  silence_id: z.string().nullable().meta({ description: 'The silence or maintenance window that kept it back.' }),
  repeat_of: z.string().nullable().meta({ description: 'The notification that it repeats.' }),
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
  repeat_count: count.meta({ description: 'How many notifications repeat it.' }),
  last_repeat_at: moment.nullable(),
  resolved_at: moment.nullable().meta({ description: 'When an event said that it is over.' }),
  resolved_by: z.string().nullable().meta({ description: 'The id of that event.' }),
  attempts: z.array(attemptWire),
  actions: z.array(record({ action: z.string(), by: z.string(), at: moment, data: z.custom<Json>() })),
})

const nextCursor = z
  .string()
  .nullable()
  .meta({ description: 'Give it as "cursor" to get the next page; null at the end.' })

/** A page of notifications, the newest first. */
export const notificationPageWire = record({
  notifications: z.array(notificationWire),
  next_cursor: nextCursor,
})

/** A channel. */
export const channelWire = record({
  key: z.string(),
  name: z.string(),
  configured: z.boolean().meta({ description: 'It has a webhook URL.' }),
  muted: z.boolean(),
  reason: z.string().nullable().meta({
    description:
      'Why it gets no cards: "muted", "address_missing" where it has no webhook URL, or the outcome that opened its breaker; null where it gets them.',
  }),
  budget_left: z.number().meta({ description: 'Cards it may get right now.' }),
  budget: z.object({ requests: count, period: count, burst: count }),
  backlog: z.record(priority, count).meta({ description: 'Notifications that wait, by priority.' }),
  oldest_waiting_at: moment.nullable().meta({ description: 'When the oldest of them was accepted.' }),
  breaker: z.enum(['closed', 'open', 'half_open']),
  rests_until: moment.nullable(),
  last_outcome: z.string().nullable(),
  last_outcome_at: moment.nullable(),
})

/** The answer to `GET /v1/channels`. */
export const channelsWire = z.object({ channels: z.array(channelWire) })

const matcher = z.object({
  field: z
    .string()
    .meta({ description: 'event_type, priority, channel, stakeholder, correlation_id, or data. and a field.' }),
  operator: z.enum(MATCHER_OPERATORS),
  value: z.string().meta({ description: '"*" stands for any text.' }),
})

const silenceShape = {
  id: z.string(),
  kind: z.enum(SILENCE_KINDS),
  matchers: z.array(matcher).meta({ description: 'It keeps back what all of them match.' }),
  starts_at: moment,
  ends_at: moment.meta({
    description: 'Of the first occurrence, where it comes again. The end does not belong to it.',
  }),
  every: z.enum(RECURRENCES).nullable().meta({ description: 'Every 24 hours, or every 7 times 24 hours.' }),
  reason: z.string(),
  created_by: z.string(),
  created_at: moment,
  ended_by: z.string().nullable().meta({ description: 'Who ended it before its time.' }),
  ended_at: moment.nullable(),
  state: z.enum(SILENCE_STATES).meta({ description: 'Now. A window that comes again is "waiting" in between.' }),
  occurrence: record({ starts_at: moment, ends_at: moment })
    .nullable()
    .meta({ description: 'The occurrence that lasts now, or else the next; null once it is over.' }),
}

/** A silence in a list. */
export const silenceWire = record(silenceShape)

/** A silence with what it did. */
export const silenceDetailWire = record({
  ...silenceShape,
  kept_back: count.meta({ description: 'Notifications that it kept back so far.' }),
})

/** A page of silences, the newest first. */
export const silencePageWire = record({ silences: z.array(silenceWire), next_cursor: nextCursor })

const time = z.string().meta({ format: 'date-time' })

/** A silence as it is made, for OpenAPI. What its fields may hold is checked where silences are made. */
export const newSilence = z.strictObject({
  kind: z.enum(SILENCE_KINDS).optional().meta({ description: '"silence" if absent.' }),
  matchers: z.array(matcher.strict()).min(1).max(SILENCE_LIMITS.matchers),
  starts_at: time.optional().meta({ description: 'Now if absent.' }),
  ends_at: time,
  every: z
    .enum(RECURRENCES)
    .optional()
    .meta({ description: 'Only of a maintenance window, which then comes again until somebody ends it.' }),
  reason: z.string().min(1).max(SILENCE_LIMITS.reason),
})

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

const SPELLINGS = new Map(
  ['starts_at', 'ends_at'].flatMap(
    (wire) =>
      [
        [wire, camelName(wire)],
        [camelName(wire), wire],
      ] as const,
  ),
)

/**
 * The other spelling of a silence's field: `ends_at` of the wire is `endsAt` inside, and the other way round. So `endsAt`
 * on the wire comes out as `ends_at`, which no silence has inside, and is refused there as any unknown field is.
 */
export function otherSpelling(field: string): string {
  return SPELLINGS.get(field) ?? field
}

/** A silence of the wire as the service takes it. */
export function silenceFromWire(wire: Readonly<Record<string, unknown>>): UncheckedSilence {
  return renamed(wire, otherSpelling)
}

/** A silence as it is sent over the wire. */
export function silenceToWire(silence: object): Record<string, unknown> {
  return renamed(silence, otherSpelling)
}
