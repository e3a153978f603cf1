import type { Kysely } from 'kysely'
import {
  ADOPTED_TABLES,
  type Adoption,
  hasAdoptableRows,
  listAdoptions,
  listMonthsUntil,
  readAdoptedRows,
  readRemovedBefore,
  readTrailStart,
} from '../../store/adopted-rows.ts'
import { saltedHash } from '../../store/entry-sql.ts'
import type { Tables } from '../../store/tables.ts'
import { summarizeRows } from '../adopt-record.ts'

/** Rows of one statement, so that memory is bounded. */
const ROWS_PER_STATEMENT = 500

/** A month whose rows from before the audit trail are not those that were adopted. */
export interface AdoptedFinding {
  readonly code: 'adopted_differs'
  readonly entryId?: string
  readonly kind: 'record.adopted'
  readonly detail: string
}

/** What {@link verifyAdopted} found, and the months that are not adopted yet. */
export interface AdoptedCheck {
  readonly findings: readonly AdoptedFinding[]
  readonly notAdopted: readonly string[]
}

/**
 * Compares the rows from before the audit trail with the entries `record.adopted`, which were made after the upgrade. Months
 * that retention has removed, as an entry says, are skipped.
 */
export async function verifyAdopted(db: Kysely<Tables>): Promise<AdoptedCheck> {
  const adoptions = await listAdoptions(db)
  const findings: AdoptedFinding[] = []
  const removedBefore = await readRemovedBefore(db)
  for (const [month, entries] of Map.groupBy(adoptions, (adoption) => adoption.month)) {
    const [first, second] = entries
    if (first === undefined || (removedBefore !== undefined && endOf(month) <= removedBefore)) continue
    const wrong =
      second === undefined
        ? await compare(db, first)
        : `is adopted by two entries, ${first.entryId} and ${second.entryId}: the salt of the first was removed in between`
    if (wrong === undefined) continue
    findings.push({
      code: 'adopted_differs',
      entryId: first.entryId,
      kind: 'record.adopted',
      detail: `${month} ${wrong}`,
    })
  }
  const notAdopted = await listNotAdopted(db, new Set(adoptions.map(({ month }) => month)))
  const newest = adoptions.at(-1)?.month ?? ''
  // Months are adopted from the oldest on.
  for (const month of notAdopted.filter((name) => name < newest))
    findings.push({
      code: 'adopted_differs',
      kind: 'record.adopted',
      detail: `${month} has rows from before the audit trail and no entry record.adopted: they were added later`,
    })
  return { findings, notAdopted: notAdopted.filter((name) => name >= newest) }
}

/** Compares a month with its entry; undefined where they agree. */
async function compare(db: Kysely<Tables>, adoption: Adoption): Promise<string | undefined> {
  const summary = await summarizeRows(ROWS_PER_STATEMENT, (table, after) =>
    readAdoptedRows(db, table, adoption, after, ROWS_PER_STATEMENT),
  )
  if (summary === undefined) return undefined
  const counts = ADOPTED_TABLES.filter((table) => summary[table] !== adoption[table]).map(
    (table) => `${summary[table]} ${table} (${adoption[table]} were adopted)`,
  )
  if (counts.length > 0) return `has ${counts.join(', ')}`
  if (adoption.salt === null) return 'can not be compared: the salt of its hash is gone from teams_audit_values'
  if (saltedHash(adoption.salt, summary.root) === adoption.rows) return undefined
  return 'has as many rows as were adopted, and at least one of them was changed since'
}

async function listNotAdopted(db: Kysely<Tables>, adopted: ReadonlySet<string>): Promise<readonly string[]> {
  const start = await readTrailStart(db)
  if (start === undefined) return []
  const months: string[] = []
  for (const month of await listMonthsUntil(db, start.at)) {
    if (adopted.has(month)) continue
    for (const table of ADOPTED_TABLES) {
      if (!(await hasAdoptableRows(db, table, { month, before: start.at }))) continue
      months.push(month)
      break
    }
  }
  return months
}

/** The end of a month, `2026-11`. */
function endOf(month: string): Date {
  const start = new Date(`${month}-01T00:00:00Z`)
  return new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 1))
}
