import { z } from 'zod'
import type { JsonObject } from '../kernel/json.ts'
import { count, moment, record } from './json-names.ts'
import { nextCursor, oneOf, PAGING, readQuery, text } from './query.ts'

/** States of an archived record. `restoring`: it is being put back, and whether it arrived is not known yet. */
export const ARCHIVED_STATES = ['kept', 'restoring', 'restored'] as const

/** State of an archived record. */
export type ArchivedState = (typeof ARCHIVED_STATES)[number]

/** A record of the archive: something of another system, kept encrypted as it was. Its content is not in it. */
export interface ArchivedView {
  readonly id: string
  /** What it is, such as `celery.message`. */
  readonly kind: string
  /** Name of the source in the configuration that it came from. */
  readonly source: string | null
  /** The id by which the other system knows it, such as that of a task. */
  readonly subject: string
  /** The event that it was kept for, and the action that kept it. */
  readonly eventId: string | null
  readonly actionId: string | null
  /** What else is to be known of it, such as its queue. */
  readonly about: JsonObject
  readonly state: ArchivedState
  /** Id of the archive key that wraps its data key; null once nobody can read it any more. */
  readonly keyId: string | null
  /** Bytes of its content. */
  readonly size: number
  readonly archivedAt: Date
  readonly restoredAt: Date | null
}

/** A record of the archive, decrypted. */
export interface ArchivedDetail extends ArchivedView {
  /** Its bytes, in base64. */
  readonly content: string
}

/** Filters of a list of archived records. */
export interface ArchiveQuery {
  readonly kind?: string | undefined
  readonly source?: string | undefined
  readonly subject?: string | undefined
  readonly eventId?: string | undefined
  readonly state?: ArchivedState | undefined
  /** At most this many, 1 to 500. */
  readonly limit: number
  readonly cursor?: string | undefined
}

/** A page of archived records, the newest first. */
export interface ArchivePage {
  readonly records: readonly ArchivedView[]
  readonly nextCursor: string | null
}

/** What one step of a rewrap did. */
export interface RewrapStep {
  /** Records whose data keys the newest archive key wraps now. */
  readonly rewrapped: number
  /** Records whose archive key is not set. */
  readonly withoutKey: number
  /** Ids of records that can not be decrypted: their rows were changed. */
  readonly damaged: readonly string[]
  /** For the next step; null where all records were visited. */
  readonly nextCursor: string | null
}

const archivedShape = {
  id: z.string(),
  kind: z.string().meta({ description: 'What it is, such as celery.message.' }),
  source: z.string().nullable().meta({ description: 'Name of the source in the configuration that it came from.' }),
  subject: z.string().meta({ description: 'The id by which the other system knows it, such as that of a task.' }),
  event_id: z.string().nullable().meta({ description: 'The event that it was kept for.' }),
  action_id: z.string().nullable().meta({ description: 'The action that kept it.' }),
  about: z
    .custom<JsonObject>((value) => typeof value === 'object' && value !== null)
    .meta({ type: 'object' })
    .meta({ description: 'What else is to be known of it, such as its queue.' }),
  state: z.enum(ARCHIVED_STATES),
  key_id: z.string().nullable().meta({ description: 'Id of the archive key that wraps its data key.' }),
  size: count.meta({ description: 'Bytes of its content.' }),
  archived_at: moment,
  restored_at: moment.nullable(),
}

/** An {@link ArchivedView} in JSON. */
export const archivedWire = record(archivedShape)

/** An {@link ArchivedDetail} in JSON. */
export const archivedDetailWire = record({
  ...archivedShape,
  content: z.string().meta({ description: 'Its bytes as they were, in base64.', contentEncoding: 'base64' }),
})

/** A page of archived records. */
export const archivePageWire = record({ records: z.array(archivedWire), next_cursor: nextCursor })

/** A {@link RewrapStep} in JSON. */
export const rewrapStepWire = record({
  rewrapped: count,
  without_key: count.meta({ description: 'Records whose archive key is not set.' }),
  damaged: z.array(z.string()).meta({ description: 'Ids of records that can not be decrypted.' }),
  next_cursor: nextCursor,
})

/** The filters of `GET /v1/archive`. */
export const archiveQuery = z.strictObject({
  kind: text.optional(),
  source: text.optional(),
  subject: text.optional(),
  event_id: z
    .uuid({ error: 'the id of an event' })
    .transform((id) => id.toLowerCase())
    .optional(),
  state: oneOf(ARCHIVED_STATES).optional(),
  ...PAGING,
})

/** The parameters of `POST /v1/archive-keys/rewrap`. */
export const rewrapQuery = z.strictObject({ cursor: PAGING.cursor })

/**
 * Reads the filters of `GET /v1/archive`.
 *
 * @throws GatewayError `invalid_request`
 */
export function readArchiveQuery(query: Readonly<Record<string, unknown>>): ArchiveQuery {
  const { event_id: eventId, ...rest } = readQuery(archiveQuery, query)
  return { ...rest, eventId }
}
