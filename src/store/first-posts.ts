import { type Kysely, sql } from 'kysely'
import { changeRows } from './state-changes.ts'
import type { Tables } from './tables.ts'

/** Rows that one statement fills in: some ten milliseconds of work, the longest that others wait for a row. */
const ROWS_PER_STATEMENT = 1_000
const NEVER = '00000000-0000-0000-0000-000000000000'

/** Result of {@link fillFirstPosts}. */
export interface FirstPostsFilled {
  readonly rows: number
  readonly indexes: number
  /** True where another process is doing this and will finish it. */
  readonly busy: boolean
}

/**
 * Completes migration 0003, which on a large table would have blocked delivery: fills `sent_at` and `accepted_at` of
 * rows of an earlier version from their attempts, and makes the indexes of months that have been over for a week. A
 * month that still gets rows gets its indexes later; until then queries read all of it, as before.
 *
 * Safe to run again, at any time and beside other processes. With nothing left to do it reads the catalogue and one
 * month.
 *
 * @param stopping asked between statements
 * @throws with SQLSTATE 42501 where the user does not own the tables: the owner's "migrate up" makes the indexes
 */
export async function fillFirstPosts(db: Kysely<Tables>, stopping: () => boolean): Promise<FirstPostsFilled> {
  let rows = 0
  let indexes = 0
  for (const month of await unfinishedMonths(db)) {
    for (let after = month.filled ? undefined : NEVER; after !== undefined; ) {
      if (stopping()) return { rows, indexes, busy: false }
      const filled = await fillRows(db, month.name, after)
      if (filled === 'busy') return { rows, indexes, busy: true }
      rows += filled.rows
      after = filled.last
    }
    if (!month.over) continue
    for (const index of await missingIndexes(db, month.name)) {
      if (stopping()) return { rows, indexes, busy: false }
      if (!(await makeIndex(db, index))) return { rows, indexes, busy: true }
      indexes += 1
    }
  }
  return { rows, indexes, busy: false }
}

/**
 * Months that lack an index, the newest first, because recent figures are asked for most. Where a month has all indexes
 * of migration 0003, its rows are filled in, or were written after it.
 */
async function unfinishedMonths(
  db: Kysely<Tables>,
): Promise<{ readonly name: string; readonly over: boolean; readonly filled: boolean }[]> {
  const { rows } = await sql<{ name: string; over: boolean; filled: boolean }>`
    SELECT month::text AS name, bool_and(over) AS over, bool_and(parent IS NULL) AS filled
      FROM teams_missing_indexes() GROUP BY month ORDER BY month::text DESC`.execute(db)
  return rows
}

/** Fills in the next rows by id. Skips rows that a turn has locked: the trigger of migration 0003 fills those in. */
async function fillRows(
  db: Kysely<Tables>,
  month: string,
  after: string,
): Promise<'busy' | { readonly rows: number; readonly last: string | undefined }> {
  return db.transaction().execute(async (transaction) => {
    if (!(await takeLock(transaction))) return 'busy'
    const { rows } = await sql<{ rows: number; last: string | null }>`
      WITH looked AS MATERIALIZED (
        SELECT n.id, n.created_at, n.state, n.accepted_at, n.sent_at, n.attempts
          FROM ${sql.table(month)} n WHERE n.id > ${after}::uuid ORDER BY n.id LIMIT ${ROWS_PER_STATEMENT}::int
      ), lacking AS (
        SELECT n.id, n.created_at FROM ${sql.table(month)} n JOIN looked l USING (id, created_at)
         WHERE n.attempts > 0
           AND (CASE WHEN n.state IN ('accepted', 'posted') THEN n.accepted_at ELSE n.sent_at END) IS NULL
           FOR UPDATE OF n SKIP LOCKED
      ), ${changeRows(
        'notification.first_post_filled',
        'filled',
        sql`
        UPDATE ${sql.table(month)} n
           SET sent_at = coalesce(a.first, n.sent_at),
               accepted_at = CASE WHEN n.state IN ('accepted', 'posted') THEN coalesce(a.taken, n.sent_at) END
          FROM lacking l CROSS JOIN LATERAL (
                 SELECT min(t.started_at) AS first, min(t.finished_at) FILTER (WHERE t.outcome = 'accepted') AS taken
                   FROM teams_attempts t WHERE t.notification_id = l.id AND t.created_at = l.created_at
               ) a
         WHERE n.id = l.id AND n.created_at = l.created_at`,
        { entry: { values: {} } },
      )}
      SELECT (SELECT count(*)::int FROM filled) AS rows,
             (SELECT id::text FROM looked ORDER BY id DESC LIMIT 1) AS last`.execute(transaction)
    return { rows: rows[0]?.rows ?? 0, last: rows[0]?.last ?? undefined }
  })
}

interface MissingIndex {
  /** The index of the partitioned table that it is attached to, if any. */
  readonly parent: string | null
  readonly child: string
  readonly statement: string
}

async function missingIndexes(db: Kysely<Tables>, month: string): Promise<readonly MissingIndex[]> {
  const { rows } = await sql<MissingIndex>`
    SELECT parent::text AS parent, child, statement FROM teams_missing_indexes() WHERE month = ${month}::regclass`.execute(
    db,
  )
  return rows
}

/**
 * Makes one index; false where another process is at it. Not CONCURRENTLY: only acknowledgements write to a month that
 * is long over, and those can wait a second.
 */
async function makeIndex(db: Kysely<Tables>, { parent, child, statement }: MissingIndex): Promise<boolean> {
  return db.transaction().execute(async (transaction) => {
    if (!(await takeLock(transaction))) return false
    await sql`SET LOCAL lock_timeout = '2s'`.execute(transaction)
    await sql.raw(statement).execute(transaction)
    if (parent !== null)
      await sql`ALTER INDEX ${sql.raw(parent)} ATTACH PARTITION ${sql.table(child)}`.execute(transaction)
    return true
  })
}

/**
 * Takes the lock under which one process at a time fills in, until its transaction ends, and has the trigger leave
 * `updated_at` as it is.
 */
async function takeLock(transaction: Kysely<Tables>): Promise<boolean> {
  const { rows } = await sql<{ taken: boolean }>`
    SELECT pg_try_advisory_xact_lock(hashtext('teams_first_posts')) AS taken, set_config('teams.filling', 'on', true)`.execute(
    transaction,
  )
  return rows[0]?.taken ?? false
}
