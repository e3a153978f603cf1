import { type Kysely, sql } from 'kysely'
import { readCheckpoint, readOrigin } from './audit-tree.ts'
import type { Database } from './database.ts'
import type { Tables } from './tables.ts'
import { inTransaction } from './transactions.ts'
import { ALONG_INDEXES, MAX_PER_SEALING, nextSql, readCluster, WITHOUT_LEAF } from './unsealed-entries.ts'

/** How far the tree of the audit trail is behind its entries, and one reason for it. */
export interface AuditLag {
  /** Age of the oldest entry that is visible and not in a tree, in seconds; 0 where there is none. */
  readonly unsealedSeconds: number
  /**
   * Age of the oldest transaction of this database that has a transaction id, in seconds; 0 where there is none. Its entries
   * are sealed once it ends. Transactions of other users are counted only for members of `pg_read_all_stats`.
   */
  readonly openTransactionSeconds: number
}

/** Reads the lag. Looks only at the entries that the next sealings look at, and not at a whole backlog. */
export async function readAuditLag({ kind, delivery }: Pick<Database, 'kind' | 'delivery'>): Promise<AuditLag> {
  return {
    unsealedSeconds: await readUnsealedSeconds(delivery),
    openTransactionSeconds: kind === 'embedded' ? 0 : await readOpenTransactionSeconds(delivery),
  }
}

/**
 * Age of the oldest entry that is visible and not in a tree, in seconds; 0 where there is none. Of a backlog, it is the oldest of
 * the next entries; ids are in order of time but for transactions that took long.
 */
export async function readUnsealedSeconds(db: Kysely<Tables>): Promise<number> {
  const origin = await readOrigin(db)
  const last = origin && (await readCheckpoint(db, origin.id))
  const next = nextSql(last, await readCluster(db), MAX_PER_SEALING)
  return inTransaction(db, async (transaction) => {
    await sql`SELECT ${ALONG_INDEXES}`.execute(transaction)
    const { rows } = await sql<{ seconds: number | null }>`
      SELECT extract(epoch FROM clock_timestamp() - min(e.created_at))::float8 AS seconds
        FROM (${next}) AS e WHERE ${WITHOUT_LEAF}`.execute(transaction)
    return Math.max(0, rows[0]?.seconds ?? 0)
  })
}

/** A transaction that was prepared and forgotten counts too: PostgreSQL keeps it open over restarts. */
async function readOpenTransactionSeconds(db: Kysely<Tables>): Promise<number> {
  const { rows } = await sql<{ seconds: number | null }>`
    SELECT extract(epoch FROM clock_timestamp() - min(began_at))::float8 AS seconds FROM (
      SELECT xact_start AS began_at FROM pg_stat_activity
       WHERE datname = current_database() AND backend_xid IS NOT NULL
      UNION ALL
      SELECT prepared FROM pg_prepared_xacts WHERE database = current_database()
    ) AS open`.execute(db)
  return Math.max(0, rows[0]?.seconds ?? 0)
}
