import type { StoredArchived } from '../../store/record-in-order.ts'
import { isHashed, isHashedJson } from './compare.ts'
import { addRowWithoutEntry, differs, type Findings, notBacked } from './found.ts'
import type { Entry } from './read-entry.ts'
import type { Trail } from './trail.ts'

const TABLE = 'teams_archive'

/** Whether each column of an archived record is as its last entry says. */
export const ARCHIVED_COLUMNS: Readonly<Record<string, (row: StoredArchived, entry: Entry) => boolean>> = {
  kind: (row, { fields }) => row.kind === fields.type,
  source: (row, { fields }) => row.source === fields.source,
  subject: (row, { fields }) => isHashed(fields.subject, row.salt, row.subject),
  event_id: (row, { fields }) => row.event_id === fields.event,
  action_id: (row, { fields }) => row.action_id === fields.action,
  state: (row, { fields }) => row.state === fields.state,
  key_id: (row, { fields }) => row.key_id === fields.key,
  data_key: (row, { fields }) => row.data_key === fields.data_key,
  content: (row, { fields }) => row.content === fields.content,
  size: (row, { fields }) => row.size === fields.size,
  archived_at: (row, { fields }) => row.archived_at === fields.archived_at,
  restored_at: (row, { fields }) => row.restored_at === fields.restored_at,
  salt: (row) => row.salt !== null,
}

/** Compares an archived record with its entries: with the last one, and what lists show of it with the first. */
export function checkArchived(
  id: string,
  [row]: readonly StoredArchived[],
  entries: readonly Entry[],
  { trail, findings }: { readonly trail: Trail; readonly findings: Findings },
): void {
  const own = entries.filter(({ kind }) => kind.startsWith('archive.'))
  const [kept, ...again] = own.filter(({ kind }) => kind === 'archive.kept')
  for (const entry of again) findings.add(notBacked(TABLE, id, entry, 'second row'))
  const last = own.at(-1)
  if (row === undefined) {
    if (last && last.createdAt >= trail.removedBefore(TABLE)) findings.add(notBacked(TABLE, id, last))
    return
  }
  if (last === undefined) {
    // The entries of a month leave with its record, archived records by their own time.
    if (row.archived_at >= trail.removedBefore('teams_notifications'))
      addRowWithoutEntry(findings, trail, { table: TABLE, id, at: row.archived_at, salted: row.salt !== null })
    return
  }
  for (const [column, holds] of Object.entries(ARCHIVED_COLUMNS))
    if (!holds(row, last)) findings.add(differs(TABLE, id, column, last))
  if (kept && !isHashedJson(kept.fields.about, row.salt, row.about)) findings.add(differs(TABLE, id, 'about', kept))
}
