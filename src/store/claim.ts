import { type Kysely, sql } from 'kysely'
import type { AcceptedEvent, Language } from '../events/event.ts'
import type { Priority } from '../events/priority.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Tables } from './tables.ts'

/** What a channel can take, read under its lock. Times are the database's. */
export interface ChannelState {
  readonly tokens: number
  readonly refilledAt: Date
  readonly pausedUntil: Date | undefined
  readonly breaker: 'closed' | 'open' | 'half_open'
  readonly consecutiveFailures: number
  readonly consecutivePauses: number
  readonly failedProbes: number
}

/** A notification that a turn holds. */
export interface HeldNotification {
  readonly id: string
  readonly createdAt: Date
  readonly event: AcceptedEvent
  readonly language: Language
  /** Posts made, this one among them. */
  readonly attempt: number
  readonly failures: number
  readonly repeat: boolean
  /** When the turn took hold of it, on the database's clock. */
  readonly heldSince: Date
}

/**
 * Reads a channel's state and locks it until the transaction ends; undefined when the turn has lost the channel.
 *
 * Where the connection has an end to pauses within transactions (`postgres.ts`), it becomes as short as the lease of a
 * turn: whoever vanishes with the lock in his hands must not keep it for longer. The embedded database has no other
 * process, and would not survive such an end.
 */
export async function lockChannel(
  db: Kysely<Tables>,
  channel: string,
  turn: string,
): Promise<{ readonly state: ChannelState; readonly now: Date } | undefined> {
  const { rows } = await sql<{
    tokens: number
    refilled_at: Date
    paused_until: Date | null
    breaker: ChannelState['breaker']
    consecutive_failures: number
    consecutive_pauses: number
    failed_probes: number
    now: Date
  }>`
    SELECT tokens, refilled_at, paused_until, breaker, consecutive_failures, consecutive_pauses, failed_probes,
           clock_timestamp() AS now,
           set_config('idle_in_transaction_session_timeout',
                      CASE current_setting('idle_in_transaction_session_timeout') WHEN '0' THEN '0' ELSE '8s' END, true)
      FROM teams_channels WHERE key = ${channel} AND turn_by = ${turn}::uuid FOR UPDATE`.execute(db)
  const row = rows[0]
  if (!row) return undefined
  return {
    now: row.now,
    state: {
      tokens: row.tokens,
      refilledAt: row.refilled_at,
      pausedUntil: row.paused_until ?? undefined,
      breaker: row.breaker,
      consecutiveFailures: row.consecutive_failures,
      consecutivePauses: row.consecutive_pauses,
      failedProbes: row.failed_probes,
    },
  }
}

/** Writes a channel's state back; the turn must hold the lock of {@link lockChannel}. */
export async function saveChannel(
  db: Kysely<Tables>,
  channel: string,
  state: ChannelState,
  last?: { readonly outcome: string; readonly at: Date },
): Promise<void> {
  await db
    .updateTable('teams_channels')
    .set({
      tokens: state.tokens,
      refilled_at: state.refilledAt,
      paused_until: state.pausedUntil ?? null,
      breaker: state.breaker,
      consecutive_failures: state.consecutiveFailures,
      consecutive_pauses: state.consecutivePauses,
      failed_probes: state.failedProbes,
      ...(last ? { last_outcome: last.outcome, last_outcome_at: last.at } : {}),
    })
    .where('key', '=', channel)
    .execute()
}

/**
 * Takes hold of the most urgent notifications that are due, the oldest first within a priority. A probe takes
 * one, and among those that wait the one that has probed least: a notification that the receiver chokes on must not be
 * the only one that is ever tried.
 */
export async function holdDue(
  db: Kysely<Tables>,
  options: { readonly channel: string; readonly turn: string; readonly limit: number; readonly probe: boolean },
): Promise<readonly HeldNotification[]> {
  const first = options.probe ? sql`n.probes,` : sql``
  const { rows } = await sql<HeldRow>`
    WITH due AS (
      SELECT n.id, n.created_at FROM teams_notifications n
       WHERE n.channel = ${options.channel} AND n.state = 'pending' AND n.next_attempt_at <= clock_timestamp()
       ORDER BY ${first} n.priority_rank, n.created_at, n.id
       LIMIT ${options.limit}
       FOR UPDATE SKIP LOCKED
    ), held AS (
      UPDATE teams_notifications n
         SET state = 'sending', reason = NULL, held_by = ${options.turn}::uuid, held_since = clock_timestamp(),
             attempts = n.attempts + 1, retry_count = n.attempts, probes = n.probes + ${options.probe ? 1 : 0}
        FROM due WHERE n.id = due.id AND n.created_at = due.created_at
      RETURNING n.id, n.created_at, n.event_id, n.language, n.attempts, n.failures, n.repeat, n.held_since, n.priority_rank
    )
    SELECT held.id, held.created_at, held.language, held.attempts, held.failures, held.repeat, held.held_since,
           e.id AS event_id, e.event_type, e.correlation_id, e.priority, e.stakeholders, e.data, e.occurred_at,
           e.language AS event_language
      FROM held JOIN teams_events e ON e.id = held.event_id AND e.created_at = held.created_at
     ORDER BY held.priority_rank, held.created_at, held.id`.execute(db)
  return rows.map((row) => ({
    id: row.id,
    createdAt: row.created_at,
    language: row.language,
    attempt: row.attempts,
    failures: row.failures,
    repeat: row.repeat,
    heldSince: row.held_since,
    event: {
      id: row.event_id,
      eventType: row.event_type,
      correlationId: row.correlation_id,
      priority: row.priority,
      stakeholders: row.stakeholders,
      data: row.data,
      occurredAt: row.occurred_at,
      acceptedAt: row.created_at,
      language: row.event_language ?? undefined,
    },
  }))
}

interface HeldRow {
  id: string
  created_at: Date
  language: Language
  attempts: number
  failures: number
  repeat: boolean
  held_since: Date
  event_id: string
  event_type: string
  correlation_id: string
  priority: Priority
  stakeholders: string[]
  data: JsonObject
  occurred_at: Date
  event_language: Language | null
}

/** When the next notification of a channel becomes due; undefined when none waits. */
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
 * Puts back what earlier turns held when they were cut off. It may have arrived, so it is marked as a repeat, and
 * the attempt is recorded as interrupted. A turn that has lost the channel meanwhile puts nothing back: what is
 * held then is held by its successor, which is alive.
 *
 * @returns how many there were, with their correlation ids
 */
export async function reclaimInterrupted(
  db: Kysely<Tables>,
  channel: string,
  turn: string,
): Promise<readonly string[]> {
  const { rows } = await sql<{ correlation_id: string }>`
    WITH mine AS (
      SELECT 1 FROM teams_channels WHERE key = ${channel} AND turn_by = ${turn}::uuid FOR UPDATE
    ), cut AS (
      SELECT id, created_at, held_by, held_since, attempts, repeat FROM teams_notifications
       WHERE channel = ${channel} AND state = 'sending' AND held_by IS DISTINCT FROM ${turn}::uuid
         AND EXISTS (SELECT 1 FROM mine)
       FOR UPDATE
    ), told AS (
      INSERT INTO teams_attempts (notification_id, attempt, started_at, finished_at, outcome, repeat, held_by, created_at)
      SELECT id, attempts, held_since, clock_timestamp(), 'interrupted', repeat, held_by, created_at FROM cut
    )
    UPDATE teams_notifications n
       SET state = 'pending', reason = 'interrupted', repeat = true, held_by = NULL, held_since = NULL,
           next_attempt_at = clock_timestamp()
      FROM cut WHERE n.id = cut.id AND n.created_at = cut.created_at
    RETURNING n.correlation_id`.execute(db)
  return rows.map((row) => row.correlation_id)
}
