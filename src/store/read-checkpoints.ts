import { type Kysely, sql } from 'kysely'
import type { StoredCheckpoint } from './audit-tree.ts'
import type { Tables } from './tables.ts'

/** A checkpoint with its id; ids rise in the order in which checkpoints were made. */
export interface NumberedCheckpoint extends Omit<StoredCheckpoint, 'ageMs' | 'lastId' | 'pass'> {
  readonly id: number
}

/**
 * Reads the checkpoints of a tree with a size above `after` and up to `until`, the smallest first; of one size, in the order
 * in which they were made.
 *
 * @param lastId no checkpoint that was made after this one
 */
export async function readCheckpoints(
  db: Kysely<Tables>,
  originId: number,
  { after, until, lastId }: { readonly after: number; readonly until: number; readonly lastId: number },
): Promise<readonly NumberedCheckpoint[]> {
  const rows = await selectCheckpoints(db, originId)
    .where(sql<boolean>`size > ${after} AND size <= ${until} AND id <= ${lastId}`)
    .orderBy('teams_audit_checkpoints.size')
    .orderBy('id')
    .execute()
  return rows.map(toCheckpoint)
}

/** The last checkpoint of a tree that was made at or before a time, or that has at most this size; undefined if none. */
export async function readCheckpointBefore(
  db: Kysely<Tables>,
  originId: number,
  limit: { readonly time: Date } | { readonly size: number },
): Promise<NumberedCheckpoint | undefined> {
  const row = await selectCheckpoints(db, originId)
    .where('time' in limit ? sql<boolean>`sealed_at <= ${limit.time}` : sql<boolean>`size <= ${limit.size}`)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row && toCheckpoint(row)
}

function selectCheckpoints(db: Kysely<Tables>, originId: number) {
  return db
    .selectFrom('teams_audit_checkpoints')
    .select(['id', 'size', 'root', 'note', 'complete', 'cluster'])
    .select([
      sql<string>`snapshot::text`.as('snapshot'),
      // Of an edited row this may be a time that no Date can hold.
      sql<Date>`CASE WHEN sealed_at BETWEEN '1970-01-01Z' AND '9999-01-01Z' THEN sealed_at ELSE '1970-01-01Z' END`.as(
        'sealed_at',
      ),
    ])
    .where('origin_id', '=', originId)
}

type CheckpointRow = Awaited<ReturnType<ReturnType<typeof selectCheckpoints>['executeTakeFirstOrThrow']>>

function toCheckpoint(row: CheckpointRow): NumberedCheckpoint {
  return {
    id: Number(row.id),
    size: Number(row.size),
    root: Buffer.from(row.root),
    note: row.note,
    sealedAt: row.sealed_at,
    snapshot: row.snapshot,
    complete: row.complete,
    cluster: row.cluster,
  }
}
