import type { StoredPagerAlert } from '../../store/record-in-order.ts'
import { isHashed } from './compare.ts'
import { addRowWithoutEntry, differs, type Findings, notBacked } from './found.ts'
import type { Entry } from './read-entry.ts'
import type { Trail } from './trail.ts'

const TABLE = 'teams_pager_alerts'

/** Whether each column of a pager alert is as the last entry about it says. */
const PAGER_ALERT_COLUMNS: Readonly<Record<string, (row: StoredPagerAlert, entry: Entry) => boolean>> = {
  event_id: (row, { fields }) => row.key === fields.event,
  pager: (row, { fields }) => row.pager === fields.pager,
  tier: (row, { fields }) => row.tier === fields.tier,
  state: (row, { fields }) => row.state === fields.state,
  wanted: (row, { fields }) => row.wanted === fields.wanted,
  told: (row, { fields }) => row.told === fields.told,
  code: (row, { fields }) => row.code === fields.reason,
  status_code: (row, { fields }) => row.status_code === fields.status_code,
  acknowledged_by: (row, { fields }) => isHashed(fields.who, row.salt, row.acknowledged_by),
  salt: (row) => row.salt !== null,
}

/** Compares an event's pager alerts with their entries. An entry names its pager alert; the last one has the row as it is. */
export function checkPagerAlerts(
  rows: readonly StoredPagerAlert[],
  entries: readonly Entry[],
  { trail, findings }: { readonly trail: Trail; readonly findings: Findings },
): void {
  const about = Map.groupBy(
    entries.filter(({ kind }) => kind.startsWith('pager_alert.')),
    ({ fields }) => String(fields.pager_alert),
  )
  for (const row of rows) {
    const last = about.get(row.id)?.at(-1)
    about.delete(row.id)
    if (last === undefined)
      addRowWithoutEntry(findings, trail, { table: TABLE, id: row.id, at: row.created_at, salted: row.salt !== null })
    else
      for (const [column, holds] of Object.entries(PAGER_ALERT_COLUMNS))
        if (!holds(row, last)) findings.add(differs(TABLE, row.id, column, last))
  }
  for (const [id, [entry]] of about)
    if (entry && entry.createdAt >= trail.removedBefore(TABLE)) findings.add(notBacked(TABLE, id, entry))
}
