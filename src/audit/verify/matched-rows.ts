import { actorVia } from '../../contract/audit-entries.ts'
import type { StoredReplay, StoredResolution } from '../../store/record-in-order.ts'
import { isHashed } from './compare.ts'
import { addRowWithoutEntry, differs, type Findings, notBacked } from './found.ts'
import type { Entry } from './read-entry.ts'
import type { Trail } from './trail.ts'

/** A table with several rows for one id, whose entries name no row: each row is matched with the entry that says the same. */
interface MatchedTable<Row> {
  readonly table: string
  readonly kind: string
  readonly columns: Readonly<Record<string, (row: Row, entry: Entry) => boolean>>
  at(row: Row): string
  isSalted(row: Row): boolean
}

export const REPLAYS: MatchedTable<StoredReplay> = {
  table: 'teams_replays',
  kind: 'notification.replayed',
  columns: {
    replayed_by: (row, { fields }) =>
      actorVia(row.replayed_by) === fields.via && isHashed(fields.who, row.salt, row.replayed_by),
    replayed_at: (row, { fields }) => row.replayed_at === fields.replayed_at,
    salt: (row) => row.salt !== null,
  },
  at: (row) => row.replayed_at,
  isSalted: (row) => row.salt !== null,
}

export const RESOLUTIONS: MatchedTable<StoredResolution> = {
  table: 'teams_resolutions',
  kind: 'event.resolved',
  columns: {
    event_type: (row, { fields }) => row.event_type === fields.type,
    dedup_key: (row, { fields }) => isHashed(fields.key, row.salt, row.dedup_key),
    created_at: (row, { fields }) => row.created_at === fields.resolved_at,
    salt: (row) => row.salt !== null,
  },
  at: (row) => row.created_at,
  isSalted: (row) => row.salt !== null,
}

/**
 * Compares the rows of one id with the entries of their kind. A row that goes with no entry is compared with an entry that goes
 * with no row: one of its columns was changed.
 */
export function checkMatched<Row>(
  { table, kind, columns, at, isSalted }: MatchedTable<Row>,
  id: string,
  rows: readonly Row[],
  entries: readonly Entry[],
  { trail, findings }: { readonly trail: Trail; readonly findings: Findings },
): void {
  const open = entries.filter((entry) => entry.kind === kind)
  const wrongIn = (row: Row, entry: Entry) => Object.keys(columns).filter((column) => !columns[column]?.(row, entry))
  const left = rows.filter((row) => {
    const index = open.findIndex((entry) => wrongIn(row, entry).length === 0)
    if (index >= 0) open.splice(index, 1)
    return index < 0
  })
  for (const row of left) {
    // The most alike.
    const [entry] = open.sort((a, b) => wrongIn(row, a).length - wrongIn(row, b).length)
    if (entry === undefined) {
      if (at(row) >= trail.removedBefore('teams_notifications'))
        addRowWithoutEntry(findings, trail, { table, id, at: at(row), salted: isSalted(row) })
      continue
    }
    open.shift()
    for (const column of wrongIn(row, entry)) findings.add(differs(table, id, column, entry))
  }
  for (const entry of open) if (entry.createdAt >= trail.removedBefore(table)) findings.add(notBacked(table, id, entry))
}
