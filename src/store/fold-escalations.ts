import { type Kysely, sql } from 'kysely'
import type { Plan } from '../contract/escalations.ts'
import { changeRows, ESCALATION_VALUES } from './state-changes.ts'
import type { Tables } from './tables.ts'

/** Where the events of a digest stood: the one that had climbed furthest, and waited longest. */
export interface FoldedPosition {
  readonly digestId: string
  readonly plan: Plan
  readonly tier: number
  readonly round: number
  readonly since: Date
}

/**
 * Ends the escalations of events that stand in new digests, in the transaction that makes these. Not of events of which only a
 * tier's card stands there: they go on, since the digest is of a channel that was called for them.
 *
 * @param digestIds the notifications of the digests
 * @returns one position for each digest in which an event climbed
 */
export async function foldEscalations(
  db: Kysely<Tables>,
  digestIds: readonly string[],
): Promise<readonly FoldedPosition[]> {
  if (digestIds.length === 0) return []
  const { rows } = await sql<FoldedPosition>`
    WITH members AS (
      SELECT DISTINCT ON (n.event_id) n.event_id, n.digest_id FROM teams_notifications n
       WHERE n.digest_id = ANY(${[...digestIds]}::uuid[]) AND n.state = 'digested' AND n.escalation_step IS NULL
    ), locked AS (
      -- In the order in which all others lock them, so that two transactions do not wait for each other.
      SELECT z.event_id FROM teams_escalations z
       WHERE z.event_id IN (SELECT event_id FROM members) AND z.state = 'climbing' ORDER BY z.event_id FOR UPDATE
    ), ${changeRows(
      'escalation.ended',
      'folded',
      sql`
      UPDATE teams_escalations z
         SET state = 'ended', reason = 'digested', next_at = NULL, held_by = NULL, ended_at = clock_timestamp()
        FROM members m JOIN locked l ON l.event_id = m.event_id WHERE z.event_id = m.event_id AND z.state = 'climbing'`,
      { returning: sql`m.digest_id, z.plan`, entry: { values: ESCALATION_VALUES } },
    )}
    SELECT DISTINCT ON (digest_id) digest_id AS "digestId", plan, tier, round, since
      FROM folded ORDER BY digest_id, tier DESC, since`.execute(db)
  return rows
}

/**
 * Resolved events that stand in a digest and whose pager alert, from before that, nobody has resolved, at most so many: the
 * escalation of the digest has no alert of theirs, and their own has ended.
 *
 * @param madeAfter older alerts are left out
 */
export async function findAlertsOfResolvedMembers(
  db: Kysely<Tables>,
  limit: number,
  madeAfter?: Date,
): Promise<readonly string[]> {
  const { rows } = await sql<{ event_id: string }>`
    SELECT DISTINCT g.event_id FROM teams_pager_alerts g JOIN teams_escalations z ON z.event_id = g.event_id
     WHERE g.wanted <> 'resolve' AND g.state IN ('pending', 'accepted', 'opened', 'folded', 'acknowledged')
       ${madeAfter === undefined ? sql`` : sql`AND g.created_at > ${madeAfter}`}
       AND z.state = 'ended' AND z.reason = 'digested'
       AND EXISTS (SELECT 1 FROM teams_resolutions r
                    WHERE r.dedup_key = z.dedup_key AND r.event_type = z.event_type
                      AND (r.created_at, r.event_id) > (z.received_at, z.event_id))
     LIMIT ${limit}::int`.execute(db)
  return rows.map((row) => row.event_id)
}
