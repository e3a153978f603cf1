import { type Kysely, sql } from 'kysely'
import type { Priority } from '../catalogue/priority.ts'
import type { PagerAlertRequest } from '../contract/pager-alerts.ts'
import type { JsonObject } from '../kernel/json.ts'
import { ENTRY_COLUMNS, pagerAlertValues } from './pager-alerts.ts'
import { changeRows } from './state-changes.ts'
import type { Tables } from './tables.ts'
import { inTransaction } from './transactions.ts'

/** The call budget of a pager: `burst` calls at once, refilled by `perMinute`. */
export interface PagerBudget {
  readonly perMinute: number
  readonly burst: number
}

/** A pager alert that this process may work on until its lease ends, with what the service is told about its event. */
export interface ClaimedPagerAlert {
  readonly id: string
  readonly pager: string
  readonly leaseId: string
  /** The request to make; not used where `requestId` is set. */
  readonly request: PagerAlertRequest
  /** An asynchronous request that was accepted, and what it asked for: its status is to be asked for. */
  readonly requestId: string | null
  readonly requested: PagerAlertRequest | null
  /** Failed requests in a row before this one. */
  readonly failures: number
  readonly createdAt: Date
  readonly event: {
    readonly id: string
    readonly type: string
    readonly priority: Priority
    readonly correlationId: string
    readonly stakeholders: readonly string[]
    readonly data: JsonObject
    readonly occurredAt: Date
  }
  /** Number of pager alerts that are folded into this one. */
  readonly folded: number
  /** Alerts that its event has had at the service, this one included. */
  readonly generation: number
}

/** Adds the rows of pagers that have none. */
export async function ensurePagers(
  db: Kysely<Tables>,
  pagers: readonly { readonly name: string; readonly budget: PagerBudget }[],
): Promise<void> {
  for (const { name, budget } of pagers)
    await sql`
      WITH ${changeRows(
        'pager.added',
        'added',
        sql`
        INSERT INTO teams_pagers AS b (name, tokens) VALUES (${name}::text, ${budget.burst}::float8) ON CONFLICT DO NOTHING`,
      )} SELECT 1`.execute(db)
}

/**
 * Claims due pager alerts of a pager, the most urgent first, as far as its budget goes. Where more wait for their first request
 * than the budget has, those with equal fingerprints are folded into one. Several replicas claim one after the other; a pager that
 * another one is claiming from is left to it.
 *
 * @param options.leaseMs until then no other process works on them; longer than a request can take
 */
export async function claimPagerAlerts(
  db: Kysely<Tables>,
  pager: { readonly name: string; readonly budget: PagerBudget },
  options: { readonly leaseId: string; readonly leaseMs: number; readonly most: number },
): Promise<readonly ClaimedPagerAlert[]> {
  return inTransaction(db, async (tx) => {
    const free = await lockBudget(tx, pager)
    const most = Math.min(Math.floor(free), options.most)
    if (most < 1) return []
    await foldPagerAlerts(tx, pager.name, Math.floor(free))
    const claimed = await claimDue(tx, pager.name, { ...options, most })
    if (claimed.length > 0)
      await sql`
        WITH ${changeRows(
          'pager.budget_taken',
          'taken',
          sql`
          UPDATE teams_pagers b SET tokens = ${free - claimed.length}::float8, refilled_at = clock_timestamp()
           WHERE b.name = ${pager.name}::text`,
        )} SELECT 1`.execute(tx)
    return claimed
  })
}

/** Locks a pager's row and returns how many calls it may make now; 0 while it is paused, or another replica claims from it. */
async function lockBudget(
  tx: Kysely<Tables>,
  { name, budget }: { readonly name: string; readonly budget: PagerBudget },
): Promise<number> {
  // A clock that was set back refills nothing and takes nothing away.
  const { rows } = await sql<{ free: number }>`
    SELECT CASE WHEN b.paused_until > clock_timestamp() THEN 0
                ELSE least(${budget.burst}::float8,
                           b.tokens + greatest(0, extract(epoch FROM clock_timestamp() - b.refilled_at))::float8
                                      * ${budget.perMinute / 60}::float8) END AS free
      FROM teams_pagers b WHERE b.name = ${name}::text FOR UPDATE SKIP LOCKED`.execute(tx)
  return rows[0]?.free ?? 0
}

/**
 * Folds pager alerts that no service was told of into one with the same fingerprint: one that has been open at the service for less
 * than an hour and is unacknowledged, or the oldest that waits. A service that was told of it already is told its new number, once
 * a minute at most. Does nothing while the budget is enough for all.
 */
async function foldPagerAlerts(tx: Kysely<Tables>, pager: string, free: number): Promise<void> {
  const fresh = sql`pager = ${pager}::text AND state = 'pending' AND attempts = 0 AND next_attempt_at IS NOT NULL`
  const waiting = await sql<{ many: boolean }>`
    SELECT count(*) > ${free}::int AS many FROM (SELECT 1 FROM teams_pager_alerts WHERE ${fresh} LIMIT ${free + 1}) w`.execute(
    tx,
  )
  if (!waiting.rows[0]?.many) return
  await sql`
    WITH fresh AS (
      SELECT id, fingerprint, priority_rank, created_at FROM teams_pager_alerts
       WHERE ${fresh} AND fingerprint IS NOT NULL ORDER BY id FOR UPDATE SKIP LOCKED
    ), leads AS (
      SELECT DISTINCT ON (fingerprint) fingerprint, id FROM (
        SELECT fingerprint, id, 0 AS sent, priority_rank, created_at FROM teams_pager_alerts
         WHERE pager = ${pager}::text AND state IN ('accepted', 'opened') AND wanted = 'trigger'
           AND accepted_at > clock_timestamp() - interval '1 hour' AND fingerprint IN (SELECT fingerprint FROM fresh)
         UNION ALL SELECT fingerprint, id, 1, priority_rank, created_at FROM fresh
      ) candidates ORDER BY fingerprint, priority_rank, sent, created_at, id
    ), ${changeRows(
      'pager_alert.folded',
      'folded',
      sql`
      UPDATE teams_pager_alerts g SET state = 'folded', folded_into = l.id, next_attempt_at = NULL, updated_at = now()
        FROM fresh f JOIN leads l ON l.fingerprint = f.fingerprint
       WHERE g.id = f.id AND l.id <> g.id`,
      { returning: sql`${ENTRY_COLUMNS}, g.folded_into`, entry: { values: pagerAlertValues(sql`'gateway'`) } },
    )}, ${changeRows(
      'pager_alert.counted',
      'counted',
      sql`
      UPDATE teams_pager_alerts g SET next_attempt_at = greatest(clock_timestamp(), g.updated_at + interval '1 minute')
       WHERE g.id IN (SELECT folded_into FROM folded) AND g.state IN ('accepted', 'opened')
         AND g.lease_by IS NULL AND g.request_id IS NULL`,
    )} SELECT id FROM folded`.execute(tx)
}

interface ClaimRow {
  readonly id: string
  readonly pager: string
  readonly wanted: PagerAlertRequest
  readonly request_id: string | null
  readonly requested: PagerAlertRequest | null
  readonly failures: number
  readonly created_at: Date
  readonly event_id: string
  readonly event_type: string
  readonly priority: Priority
  readonly correlation_id: string
  readonly stakeholders: string[]
  readonly data: JsonObject
  readonly occurred_at: Date
  readonly folded: number
  readonly generation: number
}

async function claimDue(
  tx: Kysely<Tables>,
  pager: string,
  { leaseId, leaseMs, most }: { readonly leaseId: string; readonly leaseMs: number; readonly most: number },
): Promise<readonly ClaimedPagerAlert[]> {
  const { rows } = await sql<ClaimRow>`
    WITH due AS (
      SELECT id FROM teams_pager_alerts
       WHERE pager = ${pager}::text AND next_attempt_at <= clock_timestamp()
       ORDER BY priority_rank, next_attempt_at, id LIMIT ${most} FOR UPDATE SKIP LOCKED
    ), ${changeRows(
      'pager_alert.claimed',
      'claimed',
      sql`
      UPDATE teams_pager_alerts g
         SET lease_by = ${leaseId}::uuid, attempts = g.attempts + 1, updated_at = now(),
             next_attempt_at = clock_timestamp() + make_interval(secs => ${leaseMs / 1000}::float8)
        FROM due d WHERE g.id = d.id`,
      {
        returning: sql`g.request_id, g.requested, g.failures, g.created_at, g.event_created_at, g.priority_rank, g.generation`,
      },
    )}
    SELECT g.id, g.pager, g.wanted, g.request_id, g.requested, g.failures, g.created_at, g.generation, e.id AS event_id, e.event_type,
           e.priority, e.correlation_id, e.stakeholders, e.data, e.occurred_at,
           (SELECT count(*)::int FROM teams_pager_alerts f WHERE f.folded_into = g.id AND f.state = 'folded') AS folded
      FROM claimed g JOIN teams_events e ON e.id = g.event_id AND e.created_at = g.event_created_at
     ORDER BY g.priority_rank, g.id`.execute(tx)
  return rows.map((row) => ({
    id: row.id,
    pager: row.pager,
    leaseId,
    request: row.wanted,
    requestId: row.request_id,
    requested: row.requested,
    failures: row.failures,
    createdAt: row.created_at,
    event: {
      id: row.event_id,
      type: row.event_type,
      priority: row.priority,
      correlationId: row.correlation_id,
      stakeholders: row.stakeholders,
      data: row.data,
      occurredAt: row.occurred_at,
    },
    folded: row.folded,
    generation: row.generation,
  }))
}

/**
 * Ends the work on pager alerts whose pager the configuration has no more: no loop claims them, and they would wait for ever. One whose
 * service was not told yet has failed.
 *
 * @returns how many there were, by pager
 */
export async function abandonPagerAlerts(
  db: Kysely<Tables>,
  pagers: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const { rows } = await sql<{ pager: string }>`
    WITH ${changeRows(
      'pager_alert.abandoned',
      'abandoned',
      sql`
      UPDATE teams_pager_alerts g
         SET state = CASE WHEN g.state = 'pending' THEN 'failed' ELSE g.state END, code = 'pager_removed', status_code = NULL,
             next_attempt_at = NULL, lease_by = NULL, request_id = NULL, requested = NULL, updated_at = now()
       WHERE g.next_attempt_at IS NOT NULL AND g.pager <> ALL(${[...pagers]}::text[])`,
      { returning: ENTRY_COLUMNS, entry: { values: pagerAlertValues(sql`'gateway'`) } },
    )} SELECT pager FROM abandoned`.execute(db)
  return new Map([...Map.groupBy(rows, ({ pager }) => pager)].map(([pager, all]) => [pager, all.length]))
}

/** Sends nothing to a pager until then, because its service asks for it; never shortens a pause. */
export async function pausePager(db: Kysely<Tables>, name: string, ms: number): Promise<void> {
  await sql`
    WITH ${changeRows(
      'pager.paused',
      'paused',
      sql`
      UPDATE teams_pagers b
         SET paused_until = greatest(b.paused_until, clock_timestamp() + make_interval(secs => ${ms / 1000}::float8)), tokens = 0,
             refilled_at = clock_timestamp()
       WHERE b.name = ${name}::text`,
    )} SELECT 1`.execute(db)
}

/**
 * Lets pager alerts wait by themselves again that are folded into one that is over, or that was acknowledged before any service had it:
 * their events are not. Returns how many.
 */
export async function releaseFolded(db: Kysely<Tables>): Promise<number> {
  const { rows } = await sql`
    WITH ${changeRows(
      'pager_alert.released',
      'released',
      sql`
      UPDATE teams_pager_alerts g SET state = 'pending', folded_into = NULL, next_attempt_at = now(), updated_at = now()
       WHERE g.state = 'folded' AND NOT EXISTS (
         SELECT 1 FROM teams_pager_alerts l WHERE l.id = g.folded_into AND l.wanted <> 'resolve'
            AND (l.wanted <> 'acknowledge' OR l.accepted_at IS NOT NULL OR l.lease_by IS NOT NULL)
            AND l.state IN ('pending', 'accepted', 'opened', 'acknowledged'))`,
      { returning: ENTRY_COLUMNS, entry: { values: pagerAlertValues(sql`'gateway'`) } },
    )} SELECT id FROM released`.execute(db)
  return rows.length
}
