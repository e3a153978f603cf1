import { z } from 'zod'
import { camelName, count, moment, record, renamed } from './json-names.ts'
import { SILENCE_LIMITS } from './limits.ts'
import { nextCursor, oneOf, PAGING, readQuery } from './query.ts'

/** Kinds of silences: one that a person makes at any time, or a planned maintenance window. Both suppress alike. */
export const SILENCE_KINDS = ['silence', 'maintenance'] as const

/** A kind of silence. */
export type SilenceKind = (typeof SILENCE_KINDS)[number]

/** Recurrences of a maintenance window: every 24 hours, or every 7 times 24 hours. */
export const RECURRENCES = ['day', 'week'] as const

/** Recurrence of a maintenance window. */
export type Recurrence = (typeof RECURRENCES)[number]

/** States of a silence. It is `waiting` before its first occurrence, and between two occurrences. */
const SILENCE_STATES = ['active', 'waiting', 'over'] as const

/** State of a silence. */
export type SilenceState = (typeof SILENCE_STATES)[number]

/** Comparison operators of a matcher. */
export const MATCHER_OPERATORS = ['=', '!='] as const

/** One condition of a silence. `*` in the value matches any text. */
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
  /** A notification is suppressed if all of them match. At most 20 ({@link SILENCE_LIMITS}). */
  readonly matchers: readonly Matcher[]
  /** Now, if absent. */
  readonly startsAt?: Date | string
  /** End of the first occurrence of a recurring window. */
  readonly endsAt: Date | string
  /** Recurrence; only for a maintenance window. */
  readonly every?: Recurrence
  /** Why it was made, for the record. At most 500 characters. */
  readonly reason: string
}

/** A silence or a maintenance window from a caller, before any check. */
export interface UncheckedSilence {
  readonly kind?: unknown
  readonly matchers?: unknown
  readonly startsAt?: unknown
  readonly endsAt?: unknown
  readonly every?: unknown
  readonly reason?: unknown
}

/** Suppresses the notifications that all its matchers match, from one time to another. Only its end can be changed. */
export interface Silence {
  readonly id: string
  readonly kind: SilenceKind
  readonly matchers: readonly Matcher[]
  readonly startsAt: Date
  /** End of the first occurrence of a recurring window. */
  readonly endsAt: Date
  readonly every: Recurrence | null
  readonly reason: string
  readonly createdBy: string
  readonly createdAt: Date
  /** Name of the person or program that ended it early, and when; null where it was not. */
  readonly endedBy: string | null
  readonly endedAt: Date | null
}

/** One period in which a silence is active. The end is exclusive. */
export interface Occurrence {
  readonly startsAt: Date
  readonly endsAt: Date
}

/** A silence with its state at the time of the request. */
export interface SilenceView extends Silence {
  readonly state: SilenceState
  /** The current occurrence, or else the next; null once the silence is over. */
  readonly occurrence: Occurrence | null
}

/** A silence with its effect. */
export interface SilenceDetail extends SilenceView {
  /** Number of notifications that it has suppressed. */
  readonly keptBack: number
}

/** Filters of a list of silences. */
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
  value: z.string().meta({ description: '"*" matches any text.' }),
})

const silenceShape = {
  id: z.string(),
  kind: z.enum(SILENCE_KINDS),
  matchers: z.array(matcher).meta({ description: 'A notification is suppressed if all of them match.' }),
  starts_at: moment,
  ends_at: moment.meta({
    description: 'For a recurring window, the end of its first occurrence. The end is exclusive.',
  }),
  every: z.enum(RECURRENCES).nullable().meta({ description: 'Every 24 hours, or every 7 times 24 hours.' }),
  reason: z.string(),
  created_by: z.string(),
  created_at: moment,
  ended_by: z.string().nullable().meta({ description: 'Name of the person or program that ended it early.' }),
  ended_at: moment.nullable(),
  state: z.enum(SILENCE_STATES).meta({
    description: 'State at the time of the request. A recurring window is "waiting" between two occurrences.',
  }),
  occurrence: record({ starts_at: moment, ends_at: moment })
    .nullable()
    .meta({ description: 'The current occurrence, or else the next; null once the silence is over.' }),
}

/** A {@link SilenceView} in JSON. */
export const silenceWire = record(silenceShape)

/** A {@link SilenceDetail} in JSON. */
export const silenceDetailWire = record({
  ...silenceShape,
  kept_back: count.meta({ description: 'Number of notifications that it has suppressed.' }),
})

/** A page of silences, the newest first. */
export const silencePageWire = record({ silences: z.array(silenceWire), next_cursor: nextCursor })

const time = z.string().meta({ format: 'date-time' })

/** A new silence in JSON, for OpenAPI. `src/intake/silences/check-silence.ts` checks its values. */
export const newSilence = z.strictObject({
  kind: z.enum(SILENCE_KINDS).optional().meta({ description: '"silence" if absent.' }),
  matchers: z.array(matcher.strict()).min(1).max(SILENCE_LIMITS.matchers),
  starts_at: time.optional().meta({ description: 'Now if absent.' }),
  ends_at: time,
  every: z
    .enum(RECURRENCES)
    .optional()
    .meta({ description: 'Only for a maintenance window, which then recurs until it is ended.' }),
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
 * Returns the other spelling of a silence's field: `endsAt` for the JSON name `ends_at`, and the other way round. So a
 * caller's `endsAt` becomes `ends_at`, which is no field of a silence, and is refused as an unknown field.
 */
export function otherSpelling(field: string): string {
  return SPELLINGS.get(field) ?? field
}

/** Converts a silence in JSON to the library's field names. */
export function silenceFromWire(wire: Readonly<Record<string, unknown>>): UncheckedSilence {
  return renamed(wire, otherSpelling)
}

/** Converts a silence to JSON field names. */
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
 * Reads the filters of `GET /v1/silences`.
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
