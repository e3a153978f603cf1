import { AUDIT_ENTRIES } from '../../contract/audit-entries.ts'
import { readBase64 } from '../../contract/note-text.ts'
import { isObject, type Json, type JsonObject } from '../../kernel/json.ts'
import { readFields } from '../verify/entry-head.ts'

/** A value whose hash an entry has. */
export interface ExportedValue {
  /** A UUID. */
  readonly salt: string
  readonly value: string
}

/** An entry in an archive. */
export interface ExportedEntry {
  readonly origin: string
  readonly index: number
  /** `teams_audit_entries.id`. No proof covers it. */
  readonly id: number
  /** Hash of the leaf. */
  readonly leaf: Buffer
  /** The exact bytes; undefined where retention removed them. */
  readonly body: Buffer | undefined
  /** By the names of the entry's fields; only where values were asked for. */
  readonly values?: Readonly<Record<string, ExportedValue>>
}

/**
 * Writes the line of `entries.jsonl`, without its line feed. The names are those of `GET /v1/audit/entries`.
 *
 * @param fields what {@link fieldsOf} read from the bytes
 */
export function formatEntryLine(
  { origin, index, id, leaf, body, values }: ExportedEntry,
  fields: JsonObject | undefined,
): string {
  return JSON.stringify({
    origin,
    index,
    id,
    leaf_hash: leaf.toString('hex'),
    entry: fields ?? null,
    bytes: body?.toString('base64') ?? null,
    ...(values === undefined ? {} : { values }),
  })
}

/** Reads a line; undefined for a text that {@link formatEntryLine} writes for no entry. `fields` are read from the bytes. */
export function readEntryLine(line: string): ExportedEntry | undefined {
  const parsed = parse(line)
  if (parsed === undefined) return undefined
  const { origin, index, id, leaf_hash: hash, bytes, values } = parsed
  if (typeof origin !== 'string' || typeof index !== 'number' || typeof id !== 'number') return undefined
  if (typeof hash !== 'string' || !/^[0-9a-f]{64}$/.test(hash)) return undefined
  const body = typeof bytes === 'string' ? readBase64(bytes) : undefined
  if (body === undefined && bytes !== null) return undefined
  if (values !== undefined && !areValues(values)) return undefined
  return { origin, index, id, leaf: Buffer.from(hash, 'hex'), body, ...(values === undefined ? {} : { values }) }
}

/** The fields of an entry; undefined for bytes that are gone or are no JSON object. */
export function fieldsOf(body: Buffer | undefined): JsonObject | undefined {
  return body && readFields(body)
}

/** The fields of an entry that are hashes of values, by name. */
export function hashesOf(fields: JsonObject): ReadonlyMap<string, string> {
  const kind = typeof fields.kind === 'string' ? fields.kind : ''
  const types: Readonly<Record<string, string>> = isKind(kind) ? AUDIT_ENTRIES[kind].fields : {}
  const hashes = new Map<string, string>()
  for (const [name, type] of Object.entries(types)) {
    const hash = fields[name]
    if (type === 'hash' && typeof hash === 'string') hashes.set(name, hash)
  }
  return hashes
}

function isKind(kind: string): kind is keyof typeof AUDIT_ENTRIES {
  return Object.hasOwn(AUDIT_ENTRIES, kind)
}

function areValues(values: Json): values is Record<string, { salt: string; value: string }> {
  return (
    isObject(values) &&
    Object.values(values).every(
      (value) => isObject(value) && typeof value.salt === 'string' && typeof value.value === 'string',
    )
  )
}

function parse(line: string): JsonObject | undefined {
  try {
    const value: Json = JSON.parse(line)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}
