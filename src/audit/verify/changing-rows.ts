import { addRowWithoutEntry, differs, type Findings, notBacked } from './found.ts'
import type { Entry } from './read-entry.ts'
import type { Trail } from './trail.ts'

/** A table with one row for an id, which changes: each column is as the last of its entries says. */
export interface ChangingTable<Row> {
  readonly table: string
  /** What the kinds of its entries begin with, such as `action.`. */
  readonly prefix: string
  /** Kinds of the entries with which a row begins. */
  readonly beginnings: ReadonlySet<string>
  readonly columns: Readonly<Record<string, (row: Row, entry: Entry) => boolean>>
  /** The entry by whose age retention removes a row. */
  readonly removedBy: 'first' | 'last'
  /** When a row was written, for one without entries. */
  at(row: Row): string
}

/**
 * Compares a row with the last of its entries.
 *
 * @returns the entry with which the row began, to compare what no later entry says; undefined where the row or its entries are missing
 */
export function checkChanging<Row extends { readonly salt: string | null }>(
  { table, prefix, beginnings, columns, removedBy, at }: ChangingTable<Row>,
  id: string,
  row: Row | undefined,
  entries: readonly Entry[],
  { trail, findings }: { readonly trail: Trail; readonly findings: Findings },
): Entry | undefined {
  const own = entries.filter(({ kind }) => kind.startsWith(prefix))
  const [begun, ...again] = own.filter(({ kind }) => beginnings.has(kind))
  for (const entry of again) findings.add(notBacked(table, id, entry, 'second row'))
  const last = own.at(-1)
  if (row === undefined) {
    const aged = removedBy === 'first' ? own[0] : last
    if (aged && last && aged.createdAt >= trail.removedBefore(table)) findings.add(notBacked(table, id, last))
    return undefined
  }
  if (last === undefined) {
    // The entries of a month leave with its record, these rows by their own time.
    if (at(row) >= trail.removedBefore('teams_notifications'))
      addRowWithoutEntry(findings, trail, { table, id, at: at(row), salted: row.salt !== null })
    return undefined
  }
  for (const [column, holds] of Object.entries(columns))
    if (!holds(row, last)) findings.add(differs(table, id, column, last))
  return begun
}
