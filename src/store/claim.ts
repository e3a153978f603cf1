import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Language } from '../catalogue/language.ts'
import type { Priority } from '../catalogue/priority.ts'
import type { EscalationNote } from '../contract/escalations.ts'
import type { AcceptedEvent } from '../contract/events.ts'
import type { JsonObject } from '../kernel/json.ts'
import { PREPARED } from './kysely-pool.ts'
import type { RecordTables } from './months.ts'
import { changeRows } from './state-changes.ts'
import type { Tables } from './tables.ts'

/** A channel's state as the turn that has the channel knows it. Times are on the database's clock. */
export interface ChannelState {
  readonly tokens: number
  readonly refilledAt: Date
  readonly pausedUntil: Date | undefined
  /**
   * When a 429 last paused the channel, as far as this turn has seen. Not a column: only this turn's posts are compared
   * with it.
   */
  readonly pausedAt?: Date | undefined
  readonly breaker: 'closed' | 'open' | 'half_open'
  readonly consecutiveFailures: number
  readonly consecutivePauses: number
  readonly failedProbes: number
  /** When the last round of digests was made; undefined where no storm lasts. */
  readonly digestedAt: Date | undefined
}

/** A notification that a turn has claimed. */
export interface ClaimedNotification {
  readonly id: string
  readonly createdAt: Date
  readonly event: AcceptedEvent
  readonly language: Language
  /** Number of this attempt, from 1. */
  readonly attempt: number
  readonly failures: number
  readonly repeat: boolean
  /** When the turn claimed it, on the database's clock. */
  readonly claimedAt: Date
  /** The tier of an escalation that it calls; undefined for the first notifications of an event. */
  readonly escalation?: EscalationNote | undefined
}

/** A period, both ends included. */
export interface Span {
  readonly from: Date
  readonly to: Date
}

/** Which due notifications a turn may claim, and how many. */
export interface Claim {
  /** Claims nothing where it is 0. */
  readonly limit: number
  /**
   * True for a probe. It claims the notification that has probed least often, so that one which the receiver always
   * fails on is not the only one ever tried.
   */
  readonly probe: boolean
  /**
   * Claims MEDIUM, LOW and INFO notifications only if accepted by then: later ones wait for the next digest. No limit
   * if absent.
   */
  readonly ordinaryUntil?: Date | undefined
  /** Claims only notifications accepted in this period, so that PostgreSQL opens no other month. */
  readonly span: Span
}

/** SQL of a step that claims due notifications: the CTE `claimed` has their rows. Reads the CTE `own_channel`. */
export function claimDueSql(
  channel: string,
  turn: string,
  { limit, probe, ordinaryUntil, span }: Claim,
  { notifications }: RecordTables,
): RawBuilder<unknown> {
  const due = (those: RawBuilder<unknown>, most: RawBuilder<unknown>) => sql`
      SELECT n.id, n.created_at FROM ${notifications} n
       WHERE n.channel = ${channel} AND n.state = 'pending' AND n.next_attempt_at <= clock_timestamp()
         AND n.created_at BETWEEN ${span.from} AND ${span.to} AND EXISTS (SELECT 1 FROM own_channel) ${those}
       ORDER BY ${probe ? sql`n.probes,` : sql``} n.priority_rank, n.created_at, n.id
       LIMIT ${most}
       FOR UPDATE SKIP LOCKED`
  const any =
    ordinaryUntil === undefined
      ? sql`due AS (${due(sql``, sql`${limit}::int`)})`
      : sql`urgent AS (${due(sql`AND n.priority_rank <= 1`, sql`${limit}::int`)}
    ), ordinary AS (${due(
      sql`AND n.priority_rank >= 2 AND n.created_at <= ${ordinaryUntil}`,
      sql`${limit}::int - (SELECT count(*) FROM urgent)`,
    )}
    ), due AS (SELECT * FROM urgent UNION ALL SELECT * FROM ordinary)`
  return sql`, ${any}, ${changeRows(
    'notification.claimed',
    'claimed',
    sql`
      UPDATE ${notifications} n
         SET state = 'sending', reason = NULL, held_by = ${turn}::uuid, held_since = clock_timestamp(),
             attempts = n.attempts + 1, probes = n.probes + ${probe ? 1 : 0}
        FROM due WHERE n.id = due.id AND n.created_at = due.created_at
         AND n.created_at BETWEEN ${span.from} AND ${span.to}`,
    {
      returning: sql`n.event_id, n.language, n.attempts, n.failures, n.repeat, n.held_since, n.escalation, n.priority_rank`,
    },
  )}`
}

/**
 * SQL of the claimed notifications with their events as one JSON value: the most urgent first, the oldest first within
 * a priority.
 */
export function claimedRowsSql({ span }: Claim, { events }: RecordTables): RawBuilder<unknown> {
  return sql`(
      SELECT json_agg(json_build_object(
               'id', c.id, 'created_at', c.created_at, 'language', c.language, 'attempts', c.attempts,
               'failures', c.failures, 'repeat', c.repeat, 'held_since', c.held_since, 'event_id', e.id,
               'event_type', e.event_type, 'correlation_id', e.correlation_id, 'priority', e.priority,
               'stakeholders', e.stakeholders, 'data', e.data, 'occurred_at', e.occurred_at, 'event_language', e.language,
               'escalation', c.escalation
             ) ORDER BY c.priority_rank, c.created_at, c.id)
        FROM claimed c JOIN ${events} e ON e.id = c.event_id AND e.created_at = c.created_at
                        AND e.created_at BETWEEN ${span.from} AND ${span.to})`
}

/** One element of {@link claimedRowsSql}. */
export interface ClaimedRow {
  id: string
  created_at: string
  language: Language
  attempts: number
  failures: number
  repeat: boolean
  held_since: string
  event_id: string
  event_type: string
  correlation_id: string
  priority: Priority
  stakeholders: string[]
  data: JsonObject
  occurred_at: string
  event_language: Language | null
  escalation: EscalationNote | null
}

/** Converts one element of {@link claimedRowsSql}. */
export function toClaimed(row: ClaimedRow): ClaimedNotification {
  const createdAt = new Date(row.created_at)
  return {
    id: row.id,
    createdAt,
    language: row.language,
    attempt: row.attempts,
    failures: row.failures,
    repeat: row.repeat,
    claimedAt: new Date(row.held_since),
    escalation: row.escalation ?? undefined,
    event: {
      id: row.event_id,
      eventType: row.event_type,
      correlationId: row.correlation_id,
      priority: row.priority,
      stakeholders: row.stakeholders,
      data: row.data,
      occurredAt: new Date(row.occurred_at),
      acceptedAt: createdAt,
      language: row.event_language ?? undefined,
    },
  }
}

/** When the next pending notification of a channel is due; undefined where none is pending. */
export async function nextDue(db: Kysely<Tables>, channel: string): Promise<Date | undefined> {
  const row = await db
    .selectFrom('teams_notifications')
    .select((eb) => eb.fn.min('next_attempt_at').as('at'))
    .where('channel', '=', channel)
    .where('state', '=', 'pending')
    .executeTakeFirst()
  return row?.at ?? undefined
}

/**
 * When the oldest and the newest pending notification of a channel were accepted; undefined where none is pending. One
 * subquery for each priority, because the queue's index is ordered by priority: otherwise the whole backlog would be
 * read.
 */
export async function waitingSpan(db: Kysely<Tables>, channel: string): Promise<Span | undefined> {
  const end = (order: RawBuilder<unknown>) => sql`(
       SELECT n.created_at FROM teams_notifications n
        WHERE n.channel = ${channel} AND n.state = 'pending' AND n.priority_rank = priority.rank
        ORDER BY n.created_at ${order}, n.id ${order} LIMIT 1)`
  const { rows } = await sql<{ from: Date | null; to: Date | null }>`${PREPARED}
    SELECT min(${end(sql`ASC`)}) AS from, max(${end(sql`DESC`)}) AS to FROM generate_series(0, 4) AS priority (rank)`.execute(
    db,
  )
  const [span] = rows
  return span?.from && span.to ? { from: span.from, to: span.to } : undefined
}

/**
 * Puts back the notifications that earlier turns had claimed when they were cut off. Each may have arrived, so it is
 * marked as a repeat, and its attempt is recorded as `interrupted` until the earlier turn reports its outcome
 * (`record-late.ts`). A notification that is already marked as accepted becomes `accepted` and is not sent again. A
 * turn that has lost the channel puts nothing back: those notifications belong to its successor.
 *
 * @returns the correlation ids of the notifications that are sent again
 */
export async function reclaimInterrupted(
  db: Kysely<Tables>,
  channel: string,
  turn: string,
): Promise<readonly string[]> {
  const { rows } = await sql<{ correlation_id: string; state: string }>`
    WITH own_channel AS (
      SELECT 1 FROM teams_channels WHERE key = ${channel} AND turn_by = ${turn}::uuid FOR UPDATE
    ), unfinished AS (
      SELECT id, created_at, held_by, held_since, attempts, repeat FROM teams_notifications
       WHERE channel = ${channel} AND state = 'sending' AND held_by IS DISTINCT FROM ${turn}::uuid
         AND EXISTS (SELECT 1 FROM own_channel)
       FOR UPDATE
    ), ${changeRows(
      'attempt.interrupted',
      'interrupted_attempts',
      sql`
      INSERT INTO teams_attempts AS a (notification_id, attempt, started_at, finished_at, outcome, repeat, held_by, created_at)
      SELECT id, attempts, held_since, clock_timestamp(), 'interrupted', repeat, held_by, created_at FROM unfinished`,
      { returning: sql`a.started_at, a.finished_at, a.repeat` },
    )}, ${changeRows(
      'notification.interrupted',
      'interrupted',
      sql`
      UPDATE teams_notifications n
       SET state = CASE WHEN n.accepted_at IS NULL THEN 'pending' ELSE 'accepted' END,
           reason = CASE WHEN n.accepted_at IS NULL THEN 'interrupted' END, repeat = true, held_by = NULL, held_since = NULL,
           next_attempt_at = clock_timestamp()
      FROM unfinished u WHERE n.id = u.id AND n.created_at = u.created_at`,
      {
        returning: sql`n.correlation_id`,
        entry: {
          values: {
            attempt: sql`a.attempt`,
            started_at: sql`a.started_at`,
            finished_at: sql`a.finished_at`,
            repeat: sql`a.repeat`,
          },
          from: sql`interrupted n JOIN interrupted_attempts a ON a.notification_id = n.id`,
        },
      },
    )}
    SELECT correlation_id, state FROM interrupted`.execute(db)
  return rows.filter((row) => row.state === 'pending').map((row) => row.correlation_id)
}
