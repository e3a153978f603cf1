import type { Kysely } from 'kysely'
import { canonicalJson } from '../kernel/canonical-json.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Log } from '../kernel/log.ts'
import {
  ADOPTED_TABLES,
  type AdoptedRow,
  type AdoptedTable,
  hasAdoptableRows,
  listAdoptedMonths,
  listMonthsUntil,
  readAdoptedRows,
  readTrailStart,
  takeAdoptionLock,
} from '../store/adopted-rows.ts'
import { insertEntry } from '../store/insert-entry.ts'
import { hadEarlierVersion } from '../store/record-history.ts'
import type { Tables } from '../store/tables.ts'
import { createFrontier, leafHash } from './tree.ts'

/** Rows of one statement: some ten milliseconds of work. */
const ROWS_PER_STATEMENT = 500

/**
 * Milliseconds from the beginning of the trail to adoption. By then, transactions that were open at the beginning have ended,
 * and the results of interrupted attempts are known.
 */
const SETTLED_MS = 3_600_000

/**
 * Milliseconds from the beginning of the trail after which nothing is adopted any more. A gateway adopts an hour after the
 * upgrade; rows without an entry that are found later may have been inserted since.
 */
export const ADOPTION_ENDS_MS = 7 * 86_400_000

/** Milliseconds until adoption is tried again, after an error or while another process has the lock. */
const RETRY_MS = 6 * 3_600_000

/** Result of {@link adoptRecord}. */
export interface RecordAdopted {
  /** Months that got their entry. */
  readonly months: number
  /** Milliseconds after which to call again; undefined where nothing is left to adopt. */
  readonly againMs?: number
}

/**
 * Starts adopting rows from before the audit trail, in the background. Every replica does; one at a time adopts.
 *
 * @returns stops it; resolves when no statement is running
 */
export function startAdopting(options: {
  readonly kysely: Kysely<Tables>
  readonly clock: Clock
  readonly log: Log
}): () => Promise<void> {
  const { kysely, clock, log } = options
  let stopped = false
  let cancelTimer = () => {}
  async function run(): Promise<void> {
    let againMs: number | undefined
    try {
      const adopted = await adoptRecord(kysely, () => stopped)
      if (adopted.months > 0) log.write('earlier_record_adopted', { months: adopted.months })
      againMs = adopted.againMs
    } catch (error) {
      log.write('earlier_record_not_adopted', { err: error })
      againMs = RETRY_MS
    }
    if (stopped || againMs === undefined) return
    cancelTimer = clock.after(againMs, () => {
      running = run()
    })
  }
  let running = run()
  return async () => {
    stopped = true
    cancelTimer()
    await running
  }
}

/**
 * Adds an entry `record.adopted` for every month with rows from before the audit trail: how many there are, and the root of a
 * Merkle tree over them. Nobody can know whether they were changed before; what is changed afterwards shows. Does nothing in a
 * database that never had an earlier version, nor later than {@link ADOPTION_ENDS_MS}: `audit verify` reports such rows.
 *
 * Safe to run again, at any time and beside other processes: a month is adopted once. One that was interrupted is read again
 * from its first row. With nothing left to do it reads the names of the months, and the index of those that are not adopted.
 *
 * @param stopping asked between statements
 * @param options.settledMs milliseconds from the beginning of the trail to adoption
 * @param options.rowsPerStatement rows of one statement
 */
export async function adoptRecord(
  db: Kysely<Tables>,
  stopping: () => boolean,
  { settledMs = SETTLED_MS, rowsPerStatement = ROWS_PER_STATEMENT } = {},
): Promise<RecordAdopted> {
  const start = await readTrailStart(db)
  if (start === undefined || start.ageMs > ADOPTION_ENDS_MS) return { months: 0 }
  if (!(await hadEarlierVersion(db, start.at))) return { months: 0 }
  const inMonths = await listMonthsUntil(db, start.at)
  const adopted = await listAdoptedMonths(db)
  let months = 0
  for (const month of inMonths.filter((name) => !adopted.has(name))) {
    const period = { month, before: start.at }
    // There is no event without a notification, but for some that only resolve others; those share a month with others.
    if (!(await hasAdoptableRows(db, 'notifications', period))) continue
    if (start.ageMs < settledMs) return { months, againMs: settledMs - start.ageMs }
    const summary = await summarizeRows(rowsPerStatement, async (table, after) =>
      stopping() ? undefined : locked(db, (tx) => readAdoptedRows(tx, table, period, after, rowsPerStatement)),
    )
    if (summary === undefined) return { months, againMs: RETRY_MS }
    const added = await locked(db, async (transaction) => {
      if ((await listAdoptedMonths(transaction)).has(month)) return false
      const { root, ...counts } = summary
      await insertEntry(
        transaction,
        'record.adopted',
        { month, before: start.at, ...counts, rows: null },
        { hashed: { rows: root } },
      )
      return true
    })
    if (added === undefined) return { months, againMs: RETRY_MS }
    if (added) months += 1
  }
  return { months }
}

/** Runs statements under the lock of adoption; undefined where another process has it. */
function locked<T>(db: Kysely<Tables>, run: (transaction: Kysely<Tables>) => Promise<T>): Promise<T | undefined> {
  return db
    .transaction()
    .execute(async (transaction) => ((await takeAdoptionLock(transaction)) ? run(transaction) : undefined))
}

/** The rows of a month: their number, and the root over them in hex. */
export type RowsSummary = { readonly [T in AdoptedTable]: number } & { readonly root: string }

/**
 * Counts rows and computes RFC 6962's root over them: events, notifications, then attempts, each in the order of their ids.
 * The bytes of a leaf are the row's columns as canonical JSON.
 *
 * @param read reads the next rows of a table; undefined stops
 */
export async function summarizeRows(
  limit: number,
  read: (table: AdoptedTable, after: AdoptedRow | undefined) => Promise<readonly AdoptedRow[] | undefined>,
): Promise<RowsSummary | undefined> {
  const frontier = createFrontier(0, [])
  const counts = { events: 0, notifications: 0, attempts: 0 }
  for (const table of ADOPTED_TABLES) {
    for (let after: AdoptedRow | undefined; ; ) {
      const rows = await read(table, after)
      if (rows === undefined) return undefined
      for (const { adopted, columns } of rows) {
        if (!adopted) continue
        frontier.append(leafHash(Buffer.from(canonicalJson(columns))))
        counts[table] += 1
      }
      after = rows.at(-1)
      if (rows.length < limit) break
    }
  }
  return { ...counts, root: frontier.root().toString('hex') }
}
