import { z } from 'zod'
import { camelName, count, moment, record, renamed } from './json-names.ts'
import { nextCursor, oneOf, PAGING, readQuery } from './query.ts'

/** Whether somebody wants quiet for a while, or work on the platform is planned. Both keep back alike. */
export const SILENCE_KINDS = ['silence', 'maintenance'] as const

/** A kind of silence. */
export type SilenceKind = (typeof SILENCE_KINDS)[number]

/** How often a maintenance window may come again: every 24 hours, or every 7 times 24 hours. */
export const RECURRENCES = ['day', 'week'] as const

/** How often a maintenance window comes again. */
export type Recurrence = (typeof RECURRENCES)[number]

/** What a silence is at a moment. `waiting` also between two occurrences. */
export const SILENCE_STATES = ['active', 'waiting', 'over'] as const

/** State of a silence. */
export type SilenceState = (typeof SILENCE_STATES)[number]

/** How a matcher compares. */
export const MATCHER_OPERATORS = ['=', '!='] as const

/** The most that a silence may have: matchers, characters of a matcher's field or value, and of the reason. */
export const SILENCE_LIMITS = { matchers: 20, text: 200, reason: 500 } as const

/** One condition of a silence. `*` in the value stands for any text. */
export interface Matcher {
  /** `event_type`, `priority`, `channel`, `stakeholder`, `correlation_id`, or `data.` and a field of the event's data. */
  readonly field: string
  readonly operator: (typeof MATCHER_OPERATORS)[number]
  readonly value: string
}

/** A silence or a maintenance window as a caller writes it. */
export interface SilenceInput {
  /** `silence` if absent. */
  readonly kind?: SilenceKind
  /** All of them must match. At most 20. */
  readonly matchers: readonly Matcher[]
  /** Now, if absent. */
  readonly startsAt?: Date | string
  /** Of the first occurrence, where it comes again. */
  readonly endsAt: Date | string
  /** Only of a maintenance window. */
  readonly every?: Recurrence
  /** Why, for whoever asks later. At most 500 characters. */
  readonly reason: string
}

/** A silence or a maintenance window as a caller writes it, not yet checked. */
export interface UncheckedSilence {
  readonly kind?: unknown
  readonly matchers?: unknown
  readonly startsAt?: unknown
  readonly endsAt?: unknown
  readonly every?: unknown
  readonly reason?: unknown
}

/** Keeps back the notifications that all its matchers match, from one time to another. Nothing of it changes but its end. */
export interface Silence {
  readonly id: string
  readonly kind: SilenceKind
  readonly matchers: readonly Matcher[]
  readonly startsAt: Date
  /** Of the first occurrence, where it comes again. */
  readonly endsAt: Date
  readonly every: Recurrence | null
  /** Why, for whoever asks later. */
  readonly reason: string
  readonly createdBy: string
  readonly createdAt: Date
  /** Who ended it before its time, and when. */
  readonly endedBy: string | null
  readonly endedAt: Date | null
}

/** One stretch of time for which a silence lasts. The end does not belong to it. */
export interface Occurrence {
  readonly startsAt: Date
  readonly endsAt: Date
}

/** A silence as people see it, at the moment at which they look. */
export interface SilenceView extends Silence {
  readonly state: SilenceState
  /** The occurrence that lasts now, or else the next; null once it is over. */
  readonly occurrence: Occurrence | null
}

/** A silence with what it did. */
export interface SilenceDetail extends SilenceView {
  /** Notifications that it kept back so far. */
  readonly keptBack: number
}

/** Which silences to list. */
export interface SilenceQuery {
  readonly state?: SilenceState
  readonly kind?: SilenceKind
  /** At most this many, 1 to 500. */
  readonly limit: number
  readonly cursor?: string
}

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

/** The filters of `GET /v1/silences`. */
export const silenceQuery = z.strictObject({
  state: oneOf(SILENCE_STATES).optional(),
  kind: oneOf(SILENCE_KINDS).optional(),
  ...PAGING,
})

/**
 * Reads the filters of a request.
 *
 * @throws GatewayError `invalid_request`
 */
export function readSilenceQuery(query: Readonly<Record<string, unknown>>): SilenceQuery {
  const { state, kind, limit, cursor } = readQuery(silenceQuery, query)
  return {
    limit,
    ...(state === undefined ? {} : { state }),
    ...(kind === undefined ? {} : { kind }),
    ...(cursor === undefined ? {} : { cursor }),
  }
}
