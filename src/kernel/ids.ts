import { createHash } from 'node:crypto'
import { v7 } from 'uuid'
import { cutText } from './characters.ts'

/**
 * Makes an id for an event or a notification: UUID version 7. Ids of one process sort by creation, also within a
 * millisecond, and an id contains its row's month, which names the partition.
 */
export function newId(): string {
  return v7()
}

/** The time inside a version 7 UUID; undefined for any other text. */
export function timeOfId(id: string): Date | undefined {
  if (!/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i.test(id)) return undefined
  return new Date(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16))
}

/** The correlation id of an event whose sender gave none: `evt-` and the event's id. */
export function correlationIdFor(eventId: string): string {
  return `evt-${eventId}`
}

/** SHA-256 of a text, in hex. For keys that must be comparable but not readable. */
export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Length limit of a stored correlation id, which is sent in a header and stands in links and log lines. */
const MAX_KEPT_ID_CHARACTERS = 200
/** Hex digits of the digest that distinguishes two long ids with the same start. */
const DIGEST_DIGITS = 24

/**
 * Returns a correlation id as it is stored. An id of more than 200 characters, such as the path in the subject of a
 * CloudEvent, becomes its start and a digest of the whole, so that ids with the same start stay different.
 */
export function keptId(id: string): string {
  if (id.length <= MAX_KEPT_ID_CHARACTERS) return id
  return cutText(id, MAX_KEPT_ID_CHARACTERS - DIGEST_DIGITS) + digestOf(id).slice(0, DIGEST_DIGITS)
}
