import type { Kysely } from 'kysely'
import { inReadSnapshot } from '../../store/read-snapshot.ts'
import type { Tables } from '../../store/tables.ts'
import { verifyAdopted } from './adopted.ts'
import type { Finding, FindingCode } from './findings.ts'
import { createReport, type Report } from './report.ts'
import { verifyRows } from './rows.ts'
import { type TreesOptions, type VerifiedTree, verifyTrees } from './trees.ts'

/** How to verify. */
export interface VerifyOptions extends TreesOptions {
  /** Called before rows are compared with entries, which has no progress of its own. */
  readonly onRows?: () => void
}

/** What a verification found. */
export interface Verification {
  readonly intact: boolean
  readonly origins: readonly VerifiedTree[]
  /** The first hundred. */
  readonly findings: readonly Finding[]
  /** The number of all findings, by code. */
  readonly totals: ReadonlyMap<FindingCode, number>
  readonly notes: readonly string[]
}

/**
 * Verifies the audit trail: that its entries are those that were sealed, and that the rows of the record are as they say. Only
 * reads, and does without a role that may write.
 */
export async function verifyTrail(db: Kysely<Tables>, options: VerifyOptions): Promise<Verification> {
  const report = createReport()
  const origins = await verifyTrees(db, options, report)
  if (options.since === undefined) {
    options.onRows?.()
    await inReadSnapshot(db, (transaction) => compareRows(transaction, report))
  } else report.add({ note: 'Rows were not compared with entries, which only a verification of everything does.' })
  return verificationOf(origins, report)
}

/** The result of a verification. */
export function verificationOf(origins: readonly VerifiedTree[], report: Report): Verification {
  const totals = report.totals()
  return { intact: totals.size === 0, origins, findings: report.findings(), totals, notes: report.notes() }
}

async function compareRows(transaction: Kysely<Tables>, report: Report): Promise<void> {
  for await (const item of verifyRows(transaction)) report.add(item)
  for await (const item of verifyAdopted(transaction)) report.add(item)
}
