import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Language } from '../catalogue/language.ts'
import type { Priority } from '../catalogue/priority.ts'
import type { EscalationEnd, EscalationState, Plan } from '../contract/escalations.ts'
import type { JsonObject } from '../kernel/json.ts'
import { monthsOf } from './acted-events.ts'
import type { Tables } from './tables.ts'

/** An accepted event that may climb. */
export interface EventToEscalate {
  readonly id: string
  readonly eventType: string
  readonly priority: Priority
  readonly stakeholders: readonly string[]
  /** When the gateway received it, on the database's clock. */
  readonly receivedAt: Date
  readonly dedupKey: string | undefined
  readonly fingerprint: string
  /** Keys of the channels in which it has a pending notification. */
  readonly channels: readonly string[]
}

/** What changes of an escalation. */
export interface EscalationChange {
  readonly eventId: string
  readonly state: EscalationState
  readonly reason: EscalationEnd | null
  readonly tier: number
  readonly round: number
  readonly since: Date
  readonly nextAt: Date | null
  readonly heldBy: string | null
  readonly ackExpiresAt: Date | null
  readonly remindedAt: Date | null
  readonly endedAt: Date | null
}

/** A row of `teams_escalations`. */
export interface StoredEscalation extends EscalationChange {
  readonly eventCreatedAt: Date
  readonly eventType: string
  readonly priority: Priority
  readonly receivedAt: Date
  readonly fingerprint: string | null
  readonly policy: string
  readonly plan: Plan
}

/** An escalation to decide about, locked, with its event. */
export interface LockedEscalation extends StoredEscalation {
  /** True where the event is resolved; of a digest, where no event that stands in it is open any more. */
  readonly closed: boolean
  /** True where a notification of the event was discarded. Of a digest, see `closed`. */
  readonly discarded: boolean
  /**
   * Of a digest: the earliest acknowledgement of the open events that stand in it, where each has one. Null where one has none, where
   * none is open, and for an event that is no digest.
   */
  readonly membersAcknowledgedAt: Date | null
  /** True for a digest that is acknowledged itself, by an action on it. */
  readonly acknowledged: boolean
  /** Undefined where retention removed it. */
  readonly event:
    | {
        readonly correlationId: string
        readonly stakeholders: readonly string[]
        readonly language: Language | null
        /** The values of the keys that were asked for. */
        readonly data: JsonObject
      }
    | undefined
}

/** Which escalations to lock. */
export type Wanted =
  | {
      /** Those due by then, the longest due first. Rows that another transaction has locked are skipped. */
      readonly dueBy: Date
      readonly limit: number
    }
  | {
      /** Those of these events; waits for their locks. In the order of the ids, so that two transactions do not wait for each other. */
      readonly eventIds: readonly string[]
    }
  | {
      /** Those of the digests in which these events stand; waits for their locks. */
      readonly digestsOf: readonly string[]
    }
  | {
      /** Those whose wait began after that time. Locked rows are skipped. */
      readonly beganAfter: Date
      readonly limit: number
    }
  | {
      /** Those that a calendar holds, after this event, in the order of the ids. Locked rows are skipped. */
      readonly heldAfter: string
      readonly limit: number
    }

/**
 * Locks escalations, and reads them with their events. In two statements, because the planner prices what only digests need by the
 * whole table of notifications, and would compile the statement for each tick (JIT).
 *
 * @param dataKeys top-level keys of the events' data to read
 */
export async function lockEscalations(
  db: Kysely<Tables>,
  wanted: Wanted,
  dataKeys: readonly string[] = [],
): Promise<readonly LockedEscalation[]> {
  const locked = await sql<{ event_id: string; digest_id: string | null }>`${await lockedSql(db, wanted)}`.execute(db)
  if (locked.rows.length === 0) return []
  const hasDigests = locked.rows.some((row) => row.digest_id !== null)
  const data =
    dataKeys.length === 0
      ? sql`'{}'::jsonb`
      : sql`(SELECT coalesce(jsonb_object_agg(k, e.data -> k), '{}')
               FROM unnest(${[...dataKeys]}::text[]) k WHERE e.data -> k IS NOT NULL)`
  const { rows } = await sql<LockedRow>`
    SELECT z.*, ${hasDigests ? isClosed : isResolved} AS closed,
           z.digest_id IS NULL AND own.discarded AS discarded, z.digest_id IS NOT NULL AND own.acknowledged AS acknowledged,
           ${hasDigests ? membersAcknowledgedAt : sql`NULL::timestamptz`} AS members_acknowledged_at,
           CASE WHEN e.id IS NOT NULL THEN jsonb_build_object('correlationId', e.correlation_id, 'stakeholders', e.stakeholders,
                                                             'language', e.language, 'data', ${data}) END AS event
      FROM teams_escalations z
      CROSS JOIN LATERAL (
        SELECT coalesce(bool_or(n.action_taken = 'discard'), false) AS discarded,
               coalesce(bool_or(n.acknowledged_at IS NOT NULL), false) AS acknowledged
          FROM teams_notifications n WHERE n.event_id = z.event_id AND n.created_at = z.event_created_at) own
      LEFT JOIN teams_events e ON e.id = z.event_id AND e.created_at = z.event_created_at
     WHERE z.event_id = ANY(${locked.rows.map((row) => row.event_id)}::uuid[])
     ORDER BY z.next_at, z.event_id`.execute(db)
  return rows.map((row) => ({
    ...toEscalation(row),
    closed: row.closed,
    discarded: row.discarded,
    acknowledged: row.acknowledged,
    membersAcknowledgedAt: row.members_acknowledged_at,
    event: row.event ?? undefined,
  }))
}

async function lockedSql(db: Kysely<Tables>, wanted: Wanted): Promise<RawBuilder<unknown>> {
  if ('dueBy' in wanted)
    return sql`
      SELECT event_id, digest_id FROM teams_escalations WHERE next_at <= ${wanted.dueBy}
       ORDER BY next_at LIMIT ${wanted.limit}::int FOR UPDATE SKIP LOCKED`
  if ('eventIds' in wanted)
    return sql`
      SELECT event_id, digest_id FROM teams_escalations WHERE event_id = ANY(${[...wanted.eventIds]}::uuid[])
       ORDER BY event_id FOR UPDATE`
  if ('digestsOf' in wanted)
    return sql`
      SELECT event_id, digest_id FROM teams_escalations
       WHERE event_id IN (
         SELECT d.event_id FROM teams_notifications n
           JOIN teams_notifications d ON d.id = n.digest_id AND d.created_at >= n.created_at
          WHERE n.event_id = ANY(${[...wanted.digestsOf]}::uuid[]) AND ${await monthsOf(db, wanted.digestsOf)})
       ORDER BY event_id FOR UPDATE`
  if ('beganAfter' in wanted)
    return sql`
      SELECT event_id, digest_id FROM teams_escalations WHERE next_at IS NOT NULL AND since > ${wanted.beganAfter}
       LIMIT ${wanted.limit}::int FOR UPDATE SKIP LOCKED`
  return sql`
      SELECT event_id, digest_id FROM teams_escalations
       WHERE next_at IS NOT NULL AND held_by IS NOT NULL AND event_id > ${wanted.heldAfter}::uuid
       ORDER BY event_id LIMIT ${wanted.limit}::int FOR UPDATE SKIP LOCKED`
}

/** SQL: the event of the notification `n` is open. */
const isOpen = sql`n.action_taken IS DISTINCT FROM 'discard' AND teams_resolved_by(n) IS NULL`

/** SQL: the event of the escalation `z` is resolved. */
const isResolved = sql<boolean>`
  EXISTS (SELECT 1 FROM teams_resolutions r
           WHERE r.dedup_key = z.dedup_key AND r.event_type = z.event_type
             AND (r.created_at, r.event_id) > (z.received_at, z.event_id))`

/** SQL: the same; of a digest, no event in it is open. */
const isClosed = sql<boolean>`CASE WHEN z.digest_id IS NULL THEN ${isResolved} ELSE NOT ${hasMember(sql`true`)} END`

/** SQL: an open event stands in the digest of the escalation `z` with a notification `n` for which the condition holds. */
function hasMember(condition: RawBuilder<unknown>): RawBuilder<boolean> {
  return sql<boolean>`EXISTS (SELECT 1 FROM teams_notifications n WHERE n.digest_id = z.digest_id AND ${condition} AND ${isOpen})`
}

/** SQL of `membersAcknowledgedAt`. The first one that is not acknowledged ends the search: there may be ten thousand. */
const membersAcknowledgedAt = sql<Date | null>`
  CASE WHEN z.digest_id IS NOT NULL AND NOT ${hasMember(sql`n.acknowledged_at IS NULL`)}
       THEN (SELECT min(n.acknowledged_at) FROM teams_notifications n WHERE n.digest_id = z.digest_id AND ${isOpen}) END`

/**
 * The events whose escalation goes on although they are resolved, and the digests in which no event is open any more, at most so
 * many.
 *
 * @param receivedAfter those of older events are left out: there may be months of events whose every tier was called
 */
export async function findResolved(
  db: Kysely<Tables>,
  limit: number,
  receivedAfter?: Date,
): Promise<readonly string[]> {
  const { rows } = await sql<{ event_id: string }>`
    SELECT z.event_id FROM teams_escalations z
     WHERE z.state <> 'ended' ${receivedAfter === undefined ? sql`` : sql`AND z.received_at > ${receivedAfter}`}
       AND ${isResolved}
     UNION ALL
    SELECT z.event_id FROM teams_escalations z
     WHERE z.state <> 'ended' ${receivedAfter === undefined ? sql`` : sql`AND z.received_at > ${receivedAfter}`}
       AND z.digest_id IS NOT NULL AND NOT ${hasMember(sql`true`)}
     LIMIT ${limit}::int`.execute(db)
  return rows.map((row) => row.event_id)
}

/** How many tiers, reminders and expiries are due since before a time. */
export async function countDue(db: Kysely<Tables>, before: Date): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    SELECT count(*)::int AS count FROM teams_escalations WHERE next_at <= ${before}`.execute(db)
  return rows[0]?.count ?? 0
}

/** A row as the database returns it. */
export interface EscalationRow {
  event_id: string
  event_created_at: Date
  event_type: string
  priority: Priority
  received_at: Date
  fingerprint: string | null
  policy: string
  plan: Plan
  state: EscalationState
  reason: EscalationEnd | null
  tier: number
  round: number
  since: Date
  next_at: Date | null
  held_by: string | null
  ack_expires_at: Date | null
  reminded_at: Date | null
  ended_at: Date | null
}

interface LockedRow extends EscalationRow {
  closed: boolean
  discarded: boolean
  acknowledged: boolean
  members_acknowledged_at: Date | null
  event: LockedEscalation['event'] | null
}

/** Converts a row. */
export function toEscalation(row: EscalationRow): StoredEscalation {
  return {
    eventId: row.event_id,
    eventCreatedAt: row.event_created_at,
    eventType: row.event_type,
    priority: row.priority,
    receivedAt: row.received_at,
    fingerprint: row.fingerprint,
    policy: row.policy,
    plan: row.plan,
    state: row.state,
    reason: row.reason,
    tier: row.tier,
    round: row.round,
    since: row.since,
    nextAt: row.next_at,
    heldBy: row.held_by,
    ackExpiresAt: row.ack_expires_at,
    remindedAt: row.reminded_at,
    endedAt: row.ended_at,
  }
}

/** The escalation that an action on these events makes climb: that of the first event, else of the oldest that has not ended. */
export async function readEscalationOf(
  db: Kysely<Tables>,
  eventId: string,
  otherIds: readonly string[],
): Promise<StoredEscalation | undefined> {
  const { rows } = await sql<EscalationRow>`
    SELECT * FROM teams_escalations WHERE event_id = ANY(${[eventId, ...otherIds]}::uuid[]) AND state <> 'ended'
     ORDER BY event_id <> ${eventId}::uuid, event_id LIMIT 1`.execute(db)
  return rows[0] && toEscalation(rows[0])
}
