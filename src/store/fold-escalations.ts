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
