import { type Kysely, sql } from 'kysely'
import type { Tables } from './tables.ts'

/** Tables that retention drops or moves months of. */
const PARTITIONED = sql.raw('teams_events, teams_notifications, teams_attempts, teams_audit_entries')

/**
 * Runs reads that all see the database at one moment: a change of state and its entry are one statement, so that either both
 * are there or neither.
 *
 * The months are locked against being dropped (ACCESS SHARE, as a dump does), and before the snapshot is taken: otherwise a
 * month could be gone whose removal the snapshot does not show. Retention gives up after half a second and tries again.
 *
 * The embedded database has one connection, which is taken until `run` ends.
 */
export function inReadSnapshot<T>(db: Kysely<Tables>, run: (transaction: Kysely<Tables>) => Promise<T>): Promise<T> {
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (transaction) => {
      await sql`LOCK TABLE ${PARTITIONED} IN ACCESS SHARE MODE`.execute(transaction)
      return run(transaction)
    })
}
