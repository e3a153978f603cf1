import type { StoredArchived } from '../../store/record-in-order.ts'
import { type ChangingTable, checkChanging } from './changing-rows.ts'
import { isHashed, isHashedJson } from './compare.ts'
import { differs, type Findings } from './found.ts'
import type { Entry } from './read-entry.ts'
import type { Trail } from './trail.ts'

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

const TABLE: ChangingTable<StoredArchived> = {
  table: 'teams_archive',
  prefix: 'archive.',
  beginnings: new Set(['archive.kept']),
  columns: ARCHIVED_COLUMNS,
  removedBy: 'last',
  at: (row) => row.archived_at,
}

/** Compares an archived record with its entries: with the last one, and what lists show of it with the first. */
export function checkArchived(
  id: string,
  [row]: readonly StoredArchived[],
  entries: readonly Entry[],
  context: { readonly trail: Trail; readonly findings: Findings },
): void {
  const kept = checkChanging(TABLE, id, row, entries, context)
  if (row && kept && !isHashedJson(kept.fields.about, row.salt, row.about))
    context.findings.add(differs(TABLE.table, id, 'about', kept))
}
