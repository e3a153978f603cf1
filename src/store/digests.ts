import { type Kysely, type RawBuilder, sql } from 'kysely'
import { CHECKPOINT_TYPE, DIGEST_TYPE, FOLLOWUP_TYPE } from '../catalogue/event-types.ts'
import type { Language } from '../catalogue/language.ts'
import type { Priority } from '../catalogue/priority.ts'
import { PREPARED } from './kysely-pool.ts'
import { changeRows } from './state-changes.ts'
import type { Tables } from './tables.ts'

/**
 * Notifications that one round of digests reads: so many are moved in half a second, during which the channel is
 * locked.
 */
export const MAX_PER_ROUND = 5_000
/** Correlation ids in a digest's data; the others are listed by its id. */
const MAX_CORRELATION_IDS = 20

/** `urgent`: CRITICAL and HIGH. `ordinary`: MEDIUM, LOW and INFO. */
export type Urgency = 'urgent' | 'ordinary'

const RANKS: { readonly [U in Urgency]: RawBuilder<unknown> } = {
  urgent: sql`n.priority_rank <= 1`,
  ordinary: sql`n.priority_rank >= 2`,
}

/**
 * Counts a channel's due notifications, up to the given limits. In the order of the queue's index: otherwise PostgreSQL
 * would read the whole backlog to find the first few.
 */
export async function countWaiting(
  db: Kysely<Tables>,
  channel: string,
  most: { readonly urgent: number; readonly all: number },
): Promise<{ readonly urgent: number; readonly all: number }> {
  const first = (limit: number, those: RawBuilder<unknown>) => sql`
    (SELECT count(*)::int FROM (
       SELECT 1 FROM teams_notifications n
        WHERE n.channel = ${channel} AND n.state = 'pending' AND n.next_attempt_at <= clock_timestamp() ${those}
        ORDER BY n.priority_rank, n.created_at, n.id LIMIT ${limit}::bigint) waiting)`
  const { rows } = await sql<{ urgent: number; all: number }>`${PREPARED}
    SELECT ${first(most.urgent, sql`AND ${RANKS.urgent}`)} AS urgent, ${first(most.all, sql``)} AS all`.execute(db)
  return rows[0] ?? { urgent: 0, all: 0 }
}

/** A group of due notifications that share everything that a digest needs. */
export interface WaitingGroup {
  readonly fingerprint: string
  readonly eventType: string
  readonly priority: Priority
  readonly language: Language
  readonly count: number
}

/**
 * SQL of the notifications that may be digested. Not those already tried, because their cards may have arrived, and not
 * digests, nor follow-ups, which fold by themselves. Rows of a version without fingerprints have their event type for one.
 */
function candidates(channel: string, urgency: Urgency): RawBuilder<unknown> {
  return sql`
    SELECT n.id, n.created_at, coalesce(n.fingerprint, n.event_type) AS fingerprint, n.event_type, n.priority, n.language
      FROM teams_notifications n
     WHERE n.channel = ${channel} AND n.state = 'pending' AND n.next_attempt_at <= clock_timestamp()
       AND ${RANKS[urgency]} AND n.attempts = 0 AND n.event_type NOT IN (${DIGEST_TYPE}, ${CHECKPOINT_TYPE}, ${FOLLOWUP_TYPE})
     ORDER BY n.priority_rank, n.created_at, n.id LIMIT ${MAX_PER_ROUND}::int`
}

/** The groups of the first {@link MAX_PER_ROUND} due notifications, the largest first. */
export async function waitingGroups(
  db: Kysely<Tables>,
  channel: string,
  urgency: Urgency,
): Promise<readonly WaitingGroup[]> {
  const { rows } = await sql<WaitingGroup>`
    SELECT fingerprint, event_type AS "eventType", priority, language, count(*)::int AS count
      FROM (${candidates(channel, urgency)}) waiting
     GROUP BY 1, 2, 3, 4 ORDER BY count(*) DESC, 1, 3, 4`.execute(db)
  return rows
}

/** A group, the id of its digest's notification, and the data field by which the digest counts. */
export interface Assignment extends Pick<WaitingGroup, 'fingerprint' | 'priority' | 'language'> {
  readonly digestId: string
  readonly groupBy: string | undefined
}

/** A part of a digest: its notifications of one event type and, where the digest counts by a field, one value of it. */
export interface DigestPart {
  readonly digestId: string
  readonly eventType: string
  readonly label: string | null
  readonly count: number
  readonly firstAt: Date
  readonly lastAt: Date
  /** The first correlation ids. */
  readonly correlationIds: readonly string[]
}

/**
 * Digests the assigned groups, and returns the parts of each digest. The caller inserts the digests themselves, in the
 * same transaction.
 */
export async function moveIntoDigests(
  db: Kysely<Tables>,
  channel: string,
  urgency: Urgency,
  assignments: readonly Assignment[],
): Promise<readonly DigestPart[]> {
  const { rows } = await sql<DigestPart>`
    WITH assigned AS (
      SELECT * FROM jsonb_to_recordset(${JSON.stringify(assignments)}::jsonb)
                    AS a (fingerprint text, priority text, language text, "digestId" uuid, "groupBy" text)
    ), waiting AS (
      ${candidates(channel, urgency)} FOR UPDATE SKIP LOCKED
    ), ${changeRows(
      'notification.digested',
      'digested',
      sql`
      UPDATE teams_notifications n
         SET state = 'digested', reason = 'digest', digest_id = a."digestId"
        FROM waiting w JOIN assigned a USING (fingerprint, priority, language)
       WHERE n.id = w.id AND n.created_at = w.created_at`,
      {
        returning: sql`n.digest_id, n.event_id, n.event_type, n.correlation_id, a."groupBy" AS group_by`,
        entry: { values: { digest: sql`n.digest_id` } },
      },
    )}
    SELECT m.digest_id AS "digestId", m.event_type AS "eventType", left(e.data ->> m.group_by, 200) AS label,
           count(*)::int AS count, min(e.occurred_at) AS "firstAt", max(e.occurred_at) AS "lastAt",
           (array_agg(m.correlation_id ORDER BY m.created_at, m.event_id))[1:${sql.lit(MAX_CORRELATION_IDS)}] AS "correlationIds"
      FROM digested m JOIN teams_events e ON e.id = m.event_id AND e.created_at = m.created_at
     GROUP BY 1, 2, 3 ORDER BY count(*) DESC, 2, 3`.execute(db)
  return rows
}
