import type { Json, JsonObject } from '../../kernel/json.ts'
import type { ExportedEntry } from './entry-line.ts'

/**
 * Columns of `entries.csv`: three that say where the entry stands, and fields of entries. Without hashes and lists, which
 * `entries.jsonl` has.
 *
 * A constant of the archive's version and not the table of entries: `verify` writes each row of an archive again, also of one
 * that an earlier version of the program made.
 */
export const CSV_COLUMNS = [
  ...['origin', 'index', 'id'],
  ...['at', 'kind', 'event', 'notification', 'silence', 'digest', 'type', 'priority', 'language', 'channel'],
  ...['state', 'reason', 'outcome', 'status_code', 'attempt_status', 'retry_count', 'attempt', 'posted', 'repeat'],
  ...['occurred_at', 'sent_at', 'accepted_at', 'started_at', 'finished_at', 'resolved_at', 'replayed_at'],
  ...['starts_at', 'ends_at', 'ended_at', 'breaker', 'paused_until', 'via', 'what', 'first', 'last', 'count'],
  ...['table', 'month', 'before', 'version', 'migration', 'direction'],
] as const

/** UTF-8's byte order mark, without which Excel reads the file in the code page of the computer. */
const BYTE_ORDER_MARK = '\uFEFF'

/** A spreadsheet takes a cell that starts so for a formula. */
const FORMULA = /^[=+\-@\t\r]/

/** The first line of the file (RFC 4180). */
export const CSV_HEADER = `${BYTE_ORDER_MARK}${CSV_COLUMNS.join(',')}\r\n`

/** Writes the row of an entry with these fields, with its line break. An entry that retention removed has its place only. */
export function csvRow({ origin, index, id }: ExportedEntry, fields: JsonObject | undefined): string {
  const place: Readonly<Record<string, Json>> = { origin, index, id }
  return `${CSV_COLUMNS.map((name) => csvCell(place[name] ?? fields?.[name])).join(',')}\r\n`
}

/** Writes a cell: empty for null. A text that a spreadsheet would compute gets an apostrophe before it. */
export function csvCell(value: Json | undefined): string {
  if (value === undefined || value === null) return ''
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
  const harmless = FORMULA.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}
