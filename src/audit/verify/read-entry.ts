import { AUDIT_ENTRIES, type EntryKind, subjectFieldOf } from '../../contract/audit-entries.ts'
import { isObject, type Json } from '../../kernel/json.ts'

/** An audit entry with its bytes read. */
export interface Entry {
  /** `teams_audit_entries.id`, a bigint as text. */
  readonly id: string
  /** The same as a number, for comparison: of two changes of one row the later has the higher one. */
  readonly number: number
  /** When its transaction began: UTC with milliseconds, as all times in entries. */
  readonly createdAt: string
  readonly kind: string
  readonly fields: Readonly<Record<string, Json>>
}

/** Reads an entry's bytes; undefined where they are no entry, which the tree's part of `verify` reports. */
export function readEntry(row: {
  readonly id: string
  readonly created_at: string
  readonly body: string
}): Entry | undefined {
  try {
    const fields: Json = JSON.parse(decoded(row.body))
    if (!isObject(fields) || typeof fields.kind !== 'string') return undefined
    return { id: row.id, number: Number(row.id), createdAt: row.created_at, kind: fields.kind, fields }
  } catch {
    return undefined
  }
}

/** The text of bytes in PostgreSQL's notation `escape`. */
function decoded(body: string): string {
  if (!body.includes('\\')) return body
  const latin1 = body.replace(/\\(\\|[0-7]{3})/g, (_, code: string) =>
    code === '\\' ? code : String.fromCharCode(Number.parseInt(code, 8)),
  )
  return Buffer.from(latin1, 'latin1').toString()
}

/** The event, notification, silence, action or archived record whose row an entry changed, as its bytes say; undefined for an entry that changed none. */
export function subjectOf({ kind, fields }: Entry): Json | undefined {
  // A read of one notification is about it; one of several is about none.
  if (kind === 'record.read') return fields.first === fields.last ? fields.first : undefined
  if (!(kind in AUDIT_ENTRIES)) return undefined
  const field = subjectFieldOf(kind as EntryKind)
  return field === undefined ? undefined : fields[field]
}
