import type { Entry } from './read-entry.ts'
import type { Trail } from './trail.ts'

/** A row that does not go with its entries, or an entry without its row. */
export interface Found {
  readonly code: 'entry_not_backed' | 'row_not_backed' | 'row_differs'
  readonly table: string
  readonly id: string
  readonly column?: string
  /** The entry that says otherwise. */
  readonly entry?: Entry | undefined
  readonly detail: string
}

/** Collects findings until the reader takes them. */
export interface Findings {
  add(found: Found): void
  /** Counts a row that a gateway of an earlier version wrote or changed. */
  addEarlierVersion(table: string): void
  take(): readonly Found[]
  readonly earlierVersion: ReadonlyMap<string, number>
}

export function createFindings(): Findings {
  let found: Found[] = []
  const earlierVersion = new Map<string, number>()
  return {
    add: (one) => void found.push(one),
    addEarlierVersion: (table) => void earlierVersion.set(table, (earlierVersion.get(table) ?? 0) + 1),
    take() {
      const taken = found
      found = []
      return taken
    },
    earlierVersion,
  }
}

/** A row that differs from its entry in one column. */
export function differs(table: string, id: string, column: string, entry: Entry | undefined, of = 'the row'): Found {
  const says = entry === undefined ? 'what no entry writes' : `what entry ${entry.id} (${entry.kind}) says`
  return { code: 'row_differs', table, id, column, entry, detail: `${column} of ${of} is not ${says}` }
}

/** An entry whose row is gone. */
export function notBacked(table: string, id: string, entry: Entry, row = 'row'): Found {
  const detail = `entry ${entry.id} (${entry.kind}) has no ${row} in ${table}, and no entry says that retention removed it`
  return { code: 'entry_not_backed', table, id, entry, detail }
}

/** Whether a time lies where a gateway of an earlier version may have written. */
export function mayBeEarlierVersion(trail: Trail, time: string): boolean {
  return trail.earlierVersionUntil !== undefined && time <= trail.earlierVersionUntil
}

/** Adds the finding of a row without an entry, unless a gateway from before the trail may have written it. */
export function addRowWithoutEntry(
  findings: Findings,
  trail: Trail,
  row: { readonly table: string; readonly id: string; readonly at: string; readonly salted: boolean },
  detail = 'no entry says that it was written',
): void {
  if (trail.beganAt !== undefined && row.at < trail.beganAt) return
  if (!row.salted && mayBeEarlierVersion(trail, row.at)) findings.addEarlierVersion(row.table)
  else findings.add({ code: 'row_not_backed', table: row.table, id: row.id, detail })
}
