import { actorVia } from '../../contract/audit-entries.ts'
import type { StoredEvent } from '../../store/record-in-order.ts'
import { isHashed, isHashedJson, isSameList } from './compare.ts'
import { addRowWithoutEntry, differs, type Findings, notBacked } from './found.ts'
import type { Entry } from './read-entry.ts'
import type { Trail } from './trail.ts'

const TABLE = 'teams_events'

/** Whether each column of an event is as its entry says. */
export const EVENT_COLUMNS: Readonly<Record<string, (row: StoredEvent, entry: Entry) => boolean>> = {
  event_type: (row, { fields }) => row.event_type === fields.type,
  correlation_id: (row, { fields }) => isHashed(fields.correlation, row.salt, row.correlation_id),
  priority: (row, { fields }) => row.priority === fields.priority,
  stakeholders: (row, { fields }) => isSameList(fields.stakeholders, row.stakeholders),
  data: (row, { fields }) => row.data === null || isHashedJson(fields.data, row.salt, row.data),
  language: (row, { fields }) => row.language === fields.language,
  origin: (row, { fields }) => actorVia(row.origin) === fields.via && isHashed(fields.who, row.salt, row.origin),
  occurred_at: (row, { fields }) => row.occurred_at === fields.occurred_at,
  // Both are the time at which the transaction began.
  created_at: (row, entry) => row.created_at === entry.createdAt,
  salt: (row) => row.salt !== null,
}

/**
 * Compares the rows of an event's id with its entry.
 *
 * @returns the row that the entry is about
 */
export function checkEvent(
  id: string,
  rows: readonly StoredEvent[],
  entries: readonly Entry[],
  { trail, findings }: { readonly trail: Trail; readonly findings: Findings },
): StoredEvent | undefined {
  const [entry, ...more] = entries
  const own = rows.find((row) => row.created_at === entry?.createdAt) ?? rows[0]
  for (const row of rows)
    if (entry === undefined || row !== own)
      addRowWithoutEntry(findings, trail, { table: TABLE, id, at: row.created_at, salted: row.salt !== null })
  if (entry === undefined) return undefined
  for (const other of more) findings.add(notBacked(TABLE, id, other, 'second row'))
  if (own === undefined) {
    if (entry.createdAt >= trail.removedBefore('teams_notifications')) findings.add(notBacked(TABLE, id, entry))
    return undefined
  }
  for (const [column, holds] of Object.entries(EVENT_COLUMNS))
    if (!holds(own, entry)) findings.add(differs(TABLE, id, column, entry))
  return own
}
