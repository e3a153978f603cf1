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
import { hadEarlierVersion } from '../../store/record-history.ts'
import type { Tables } from '../../store/tables.ts'
import { ADOPTION_ENDS_MS, summarizeRows } from '../adopt-record.ts'
import type { Finding, Note } from './findings.ts'

/** Rows of one statement, so that memory is bounded. */
const ROWS_PER_STATEMENT = 500

/**
 * Compares the rows from before the audit trail with the entries `record.adopted`, which were made after the upgrade. Months
 * that retention has removed, as an entry says, are skipped. A month that is not adopted yet is a note while adoption may
 * come. Rows in a database that never had an earlier version are left to `verifyRows`.
 */
export async function* verifyAdopted(db: Kysely<Tables>): AsyncGenerator<Finding | Note> {
  const adoptions = await listAdoptions(db)
  const removedBefore = await readRemovedBefore(db)
  for (const [month, entries] of Map.groupBy(adoptions, (adoption) => adoption.month)) {
    const [first, second] = entries
    if (first === undefined || (removedBefore !== undefined && endOf(month) <= removedBefore)) continue
    const wrong =
      second === undefined
        ? await compare(db, first)
        : `is adopted by two entries, ${first.entryId} and ${second.entryId}: the salt of the first was removed in between`
    if (wrong !== undefined) yield { ...FINDING, entryId: first.entryId, detail: `${month} ${wrong}` }
  }
  const start = await readTrailStart(db)
  if (start === undefined || !(await hadEarlierVersion(db, start.at))) return
  const newest = adoptions.at(-1)?.month ?? ''
  for (const month of await listNotAdopted(db, start.at, new Set(adoptions.map((adoption) => adoption.month)))) {
    const lacks = `${month} has rows from before the audit trail and no entry record.adopted`
    // Months are adopted from the oldest on.
    if (month < newest) yield { ...FINDING, detail: `${lacks}: they were added later` }
    else if (start.ageMs > ADOPTION_ENDS_MS)
      yield {
        ...FINDING,
        detail: `${lacks} a week after the upgrade: they were added later, or no gateway ran in that week`,
      }
    else
      yield {
        note: `Rows of ${month} from before the audit trail were not checked: a gateway adopts them an hour after the upgrade.`,
      }
  }
}

const FINDING = { code: 'adopted_differs', kind: 'record.adopted' } as const

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

async function listNotAdopted(
  db: Kysely<Tables>,
  before: Date,
  adopted: ReadonlySet<string>,
): Promise<readonly string[]> {
  const months: string[] = []
  for (const month of await listMonthsUntil(db, before)) {
    if (adopted.has(month)) continue
    for (const table of ADOPTED_TABLES) {
      if (!(await hasAdoptableRows(db, table, { month, before }))) continue
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
