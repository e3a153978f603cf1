import { type Kysely, type RawBuilder, sql } from 'kysely'
import { DIGEST_TYPE } from '../catalogue/event-types.ts'
import type { Priority } from '../catalogue/priority.ts'
import { monthsOf } from './acted-events.ts'
import { changeRows } from './state-changes.ts'
import type { Tables } from './tables.ts'

/** For how long an acknowledgement lives, in seconds, by the priority of its event; 0 for one that never expires. */
export type AckTtl = Readonly<Record<Priority, number>>

/** The events whose escalation waits for an acknowledgement that has expired by then, the longest expired first. */
export async function findExpiredEscalations(db: Kysely<Tables>, now: Date, limit: number): Promise<readonly string[]> {
  const { rows } = await sql<{ event_id: string }>`
    SELECT z.event_id FROM teams_escalations z
     WHERE z.next_at <= ${now} AND z.state = 'acknowledged' AND z.ack_expires_at <= ${now}
     ORDER BY z.next_at LIMIT ${limit}::int`.execute(db)
  return rows.map((row) => row.event_id)
}

/**
 * The open events whose acknowledgement has expired by then although no escalation waits for it: no policy is for them, events do
 * not climb, or somebody has called a tier since.
 *
 * @param ackedAfter acknowledgements that were made before are left as they are
 */
export async function findExpiredOthers(
  db: Kysely<Tables>,
  { now, ackTtl, ackedAfter, limit }: { now: Date; ackTtl: AckTtl; ackedAfter: Date; limit: number },
): Promise<readonly string[]> {
  const acted = await sql<{ id: string }>`
    SELECT DISTINCT u.id FROM teams_actions x CROSS JOIN LATERAL unnest(x.event_ids) AS u (id)
     WHERE x.requested_at > ${ackedAfter} AND x.requested_at <= ${now} AND x.action = 'acknowledge' AND x.state = 'done'`.execute(
    db,
  )
  const ids = acted.rows.map(({ id }) => id)
  if (ids.length === 0) return []
  const { rows } = await sql<{ event_id: string }>`
    SELECT DISTINCT n.event_id FROM teams_notifications n
     WHERE n.event_id = ANY(${ids}::uuid[]) AND ${await monthsOf(db, ids)} AND ${isExpired(now, ackTtl)}
       AND NOT EXISTS (SELECT 1 FROM teams_escalations z WHERE z.event_id = n.event_id AND z.state = 'acknowledged')
     LIMIT ${limit}::int`.execute(db)
  return rows.map((row) => row.event_id)
}

/**
 * Takes expired acknowledgements out of notifications: nobody looks after their events any more. What was done, by whom and when
 * stays in `action_taken`, `action_data` and `teams_actions`. The caller has locked the notifications, and their escalations.
 *
 * @param events.due of escalations whose acknowledgement has expired
 * @param events.others without an escalation that waits for an acknowledgement
 * @returns the events whose acknowledgement was taken
 */
export async function clearAcknowledgements(
  db: Kysely<Tables>,
  { due, others }: { readonly due: readonly string[]; readonly others: readonly string[] },
  { now, ackTtl }: { readonly now: Date; readonly ackTtl: AckTtl },
): Promise<readonly string[]> {
  const ids = [...due, ...others]
  if (ids.length === 0) return []
  const { rows } = await sql<{ event_id: string }>`
    WITH old AS (
      SELECT n.id, n.created_at, n.acknowledged_at FROM teams_notifications n
       WHERE n.event_id = ANY(${ids}::uuid[]) AND ${await monthsOf(db, ids)} AND n.acknowledged_at IS NOT NULL
         AND (n.event_id = ANY(${[...due]}::uuid[]) OR ${isExpired(now, ackTtl)})
    ), ${changeRows(
      'notification.acknowledgement_expired',
      'cleared',
      sql`
      UPDATE teams_notifications n SET acknowledged_by = NULL, acknowledged_at = NULL
        FROM old WHERE n.id = old.id AND n.created_at = old.created_at`,
      {
        returning: sql`n.event_id, old.acknowledged_at`,
        entry: { values: { notification: sql`n.id`, acknowledged_at: sql`n.acknowledged_at` } },
      },
    )} SELECT DISTINCT event_id FROM cleared`.execute(db)
  return rows.map((row) => row.event_id)
}

/**
 * SQL: the acknowledgement of the notification `n` has expired, and its event is open: neither resolved nor discarded; of a digest,
 * an event that stands in it is.
 */
function isExpired(now: Date, ackTtl: AckTtl): RawBuilder<boolean> {
  const seconds = sql`CASE n.priority WHEN 'CRITICAL' THEN ${ackTtl.CRITICAL}::float8 WHEN 'HIGH' THEN ${ackTtl.HIGH}::float8
                                      ELSE ${ackTtl.MEDIUM}::float8 END`
  return sql<boolean>`(n.acknowledged_at IS NOT NULL AND ${seconds} > 0
    AND n.acknowledged_at + ${seconds} * interval '1 second' <= ${now}::timestamptz
    AND n.action_taken IS DISTINCT FROM 'discard' AND teams_resolved_by(n) IS NULL
    AND (n.event_type <> ${DIGEST_TYPE}
         OR EXISTS (SELECT 1 FROM teams_notifications m
                     WHERE m.digest_id = n.id AND m.action_taken IS DISTINCT FROM 'discard'
                       AND teams_resolved_by(m) IS NULL)))`
}
