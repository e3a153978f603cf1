import { z } from 'zod'
import { keptId } from '../kernel/ids.ts'
import { isObject, type JsonObject } from '../kernel/json.ts'
import { AUDIT_ENTRIES, type EntryKind } from './audit-entries.ts'
import { record } from './json-names.ts'
import { nextCursor, oneOf, readQuery, text, time, whole } from './query.ts'

/** Most entries of one page: of one for people, and of one for a program that computes the tree itself. */
const AUDIT_PAGE = { parsed: 500, raw: 5_000 } as const

/** An entry of the audit trail, with what is needed to check it without trusting the gateway. */
export interface AuditEntryView {
  /** Name of its tree; null while it is not sealed. */
  readonly origin: string | null
  /** Its number in the tree, from 0; null while it is not sealed. */
  readonly index: number | null
  /** Its id in the database. */
  readonly id: number
  /** SHA-256 of a zero byte and the entry's bytes, in hex: the leaf of the tree. */
  readonly leafHash: string
  /** The entry; null in raw pages, and where its bytes are no JSON object or were removed by retention. */
  readonly entry: JsonObject | null
  /** The entry's exact bytes in base64; null where retention removed them. */
  readonly bytes: string | null
}

/** A page of entries. */
export interface AuditEntryPage {
  readonly entries: readonly AuditEntryView[]
  /** The `cursor` of the next page; null on the last page. */
  readonly nextCursor: string | null
}

/** Filters of a list of entries. An entry has to match all of them. */
export interface AuditEntryQuery {
  /** Recorded at this time or later. */
  readonly since?: Date
  /** Recorded before this time. */
  readonly until?: Date
  /** Entries about this event and its notifications. */
  readonly eventId?: string
  readonly notificationId?: string
  /** Entries about the event, notification, silence or action with this id. */
  readonly subject?: string
  /** Entries about the events with this correlation id, and their notifications. */
  readonly correlationId?: string
  readonly kind?: EntryKind
  /** Id of the entry in the database. */
  readonly id?: number
  /** Name of a tree: only its entries. */
  readonly origin?: string
  /** Index from which on entries are listed: of `origin`, or without it, of the newest tree. */
  readonly from?: number
  /** True: also entries that are not sealed yet, after all others. */
  readonly unsealed: boolean
  /** True: without `entry`, for programs. Then `limit` may be up to 5,000. */
  readonly raw: boolean
  readonly limit: number
  readonly cursor?: string
}

/** An {@link AuditEntryView} in JSON. */
export const auditEntryWire = record({
  origin: z.string().nullable().meta({ description: 'Name of its tree; null while it is not sealed.' }),
  index: z.number().nullable().meta({ description: 'Its number in the tree, from 0; null while it is not sealed.' }),
  id: z.number().meta({ description: 'Its id in the database.' }),
  leaf_hash: z.string().meta({ description: "SHA-256 of a zero byte and the entry's bytes, in hex." }),
  entry: z.custom<JsonObject>(isObject).meta({ type: 'object' }).nullable().meta({
    description: 'The entry; null with raw=true, and where its bytes are no JSON object or were removed by retention.',
  }),
  bytes: z
    .string()
    .nullable()
    .meta({ description: "The entry's exact bytes in base64; null where retention removed them." }),
})

/** A page of entries in the order of their trees. Those that are not sealed yet come last. */
export const auditEntryPageWire = record({ entries: z.array(auditEntryWire), next_cursor: nextCursor })

const id = (of: string) =>
  z
    .uuid({ error: `the id of ${of}` })
    .transform((value) => value.toLowerCase())
    .optional()
const flag = z
  .enum(['true', 'false'], { error: 'true or false' })
  .transform((value) => value === 'true')
  .optional()
const position = whole(0, Number.MAX_SAFE_INTEGER).optional()
const KINDS = Object.keys(AUDIT_ENTRIES) as [EntryKind, ...EntryKind[]]

/** The parameter with the name of a tree. */
const originParameter = text.max(1_000).meta({ description: 'Name of the tree; without it, the newest.' })

/** The filters of `GET /v1/audit/entries`. */
export const auditEntryQuery = z.strictObject({
  since: time.optional(),
  until: time.optional(),
  event_id: id('an event').meta({ description: 'Entries about this event and its notifications.' }),
  notification_id: id('a notification'),
  subject: id('an event, a notification, a silence or an action'),
  correlation_id: z
    .string({ error: 'some text' })
    .min(1, { error: 'some text' })
    .meta({ description: 'Entries about the events with this correlation id, and their notifications.' })
    .optional(),
  kind: oneOf(KINDS).optional(),
  id: position.meta({ description: 'Id of the entry in the database.' }),
  origin: text.meta({ description: 'Name of a tree: only its entries.' }).optional(),
  from: position.meta({
    description: 'Index from which on entries are listed: of the tree origin, or without it, of the newest.',
  }),
  unsealed: flag.meta({ description: 'false leaves out entries that are not sealed yet. Default: true.' }),
  raw: flag.meta({ description: `true leaves out entry; limit may then be up to ${AUDIT_PAGE.raw}. Default: false.` }),
  limit: whole(1, AUDIT_PAGE.raw).optional(),
  cursor: z.string({ error: 'one value' }).min(1, { error: 'next_cursor of the page before' }).max(1_000).optional(),
})

/**
 * Reads the filters of `GET /v1/audit/entries`.
 *
 * @throws GatewayError `invalid_request`
 */
export function readAuditEntryQuery(query: Readonly<Record<string, unknown>>): AuditEntryQuery {
  const given = readQuery(auditEntryQuery, query)
  const { event_id, notification_id, correlation_id, unsealed = true, raw = false, limit, ...same } = given
  const most = raw ? AUDIT_PAGE.raw : AUDIT_PAGE.parsed
  if (limit !== undefined && limit > most) readQuery(z.object({ limit: whole(1, most) }), query)
  return {
    ...defined(same),
    ...defined({
      eventId: event_id,
      notificationId: notification_id,
      correlationId: correlation_id === undefined ? undefined : keptId(correlation_id),
    }),
    unsealed,
    raw,
    limit: limit ?? (raw ? most : 50),
  }
}

/** The parameters of `GET /v1/audit/checkpoint` and `GET /v1/audit/proof/{index}`. */
export const auditTreeQuery = z.strictObject({ origin: originParameter.optional() })

/** The object without the fields that are undefined. */
function defined<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
}
