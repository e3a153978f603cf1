import { ENTRY_START } from '../../contract/audit-entries.ts'
import { isObject, type JsonObject } from '../../kernel/json.ts'

const AT = '","at":"'
const TIME_LENGTH = 24
const NONCE = '","nonce":"'
const NONCE_LENGTH = 32
/** Characters in which the start of an entry and its first field end. */
const HEAD_LENGTH = 320

/** The first field of the entries about an event, notification, silence, action or archived record, which is their subject. */
const FIRST_FIELD = /^","(?:event|notification|silence|action|archived)":"([0-9a-f-]{36})"/
/** The subject of `record.read` where one notification was read. */
const ONLY_ONE = /"first":"([0-9a-f-]{36})","last":"\1"/

/** The start of an entry. */
export interface EntryHead {
  readonly kind: string
  /** UTC with milliseconds, so that texts compare as times do. */
  readonly at: string
  /** What its bytes name as the subject; undefined for kinds that have none. */
  readonly subject: string | undefined
}

/**
 * Reads the start of an entry, whose fields have one order and one notation. Undefined for bytes that do not begin so.
 * Rejected: `JSON.parse`, which takes as long as hashing the entry.
 */
export function readHead(bytes: Buffer, start: number, end: number): EntryHead | undefined {
  const text = bytes.toString('latin1', start, Math.min(end, start + HEAD_LENGTH))
  if (!text.startsWith(ENTRY_START)) return undefined
  const kindEnd = text.indexOf('"', ENTRY_START.length)
  const atStart = kindEnd + AT.length
  const nonceStart = atStart + TIME_LENGTH
  if (kindEnd < 0 || !text.startsWith(AT, kindEnd) || !text.startsWith(NONCE, nonceStart)) return undefined
  const kind = text.slice(ENTRY_START.length, kindEnd)
  const at = text.slice(atStart, nonceStart)
  const fields = nonceStart + NONCE.length + NONCE_LENGTH
  const pattern = kind === 'record.read' ? ONLY_ONE : FIRST_FIELD
  return { kind, at, subject: pattern.exec(text.slice(fields))?.[1] }
}

/** Reads a whole entry; undefined for bytes that are no JSON object. */
export function readFields(bytes: Uint8Array): JsonObject | undefined {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(bytes).toString())
    return isObject(parsed) ? (parsed as JsonObject) : undefined
  } catch {
    return undefined
  }
}
