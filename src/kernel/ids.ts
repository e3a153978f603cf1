import { createHash } from 'node:crypto'
import { v7 } from 'uuid'
import { cutText } from './characters.ts'

/**
 * A new id for an event or a notification: UUID version 7. Ids of one process sort in the order in which they were
 * made, also within a millisecond, and a row's month, and with it its partition, can be read off its id.
 */
export function newId(): string {
  return v7()
}

/** The moment inside a version 7 UUID; undefined for any other text. */
export function timeOfId(id: string): Date | undefined {
  if (!/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i.test(id)) return undefined
  return new Date(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16))
}

/** A correlation id for an event whose sender gave none: the event's own id with a word in front. */
export function correlationIdFor(eventId: string): string {
  return `evt-${eventId}`
}

/** SHA-256 of some text, in hex. For keys that must be compared but not be readable. */
export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Most characters of a correlation id as it is kept: it travels in a header, in links and through log lines. */
const MAX_KEPT_ID = 200
/** Digits of the digest that keeps two long ids apart. */
const DIGITS_APART = 24

/**
 * A correlation id as it is kept. A longer one, such as the path that a CloudEvent has for a subject, is its start and a
 * digest of the whole, so that two that begin alike stay two.
 */
export function keptId(id: string): string {
  if (id.length <= MAX_KEPT_ID) return id
  return cutText(id, MAX_KEPT_ID - DIGITS_APART) + digestOf(id).slice(0, DIGITS_APART)
}
