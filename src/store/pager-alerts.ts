import { type Kysely, type RawBuilder, type Selectable, sql } from 'kysely'
import type { ActorVia } from '../contract/actions.ts'
import type { PagerAlert, PagerAlertRequest } from '../contract/pager-alerts.ts'
import { newId } from '../kernel/ids.ts'
import { hashSql } from './entry-sql.ts'
import { changeRows } from './state-changes.ts'
import type { Tables } from './tables.ts'

/** A pager alert that a tier of an escalation policy asks for. */
export interface NewPagerAlert {
  readonly eventId: string
  readonly eventCreatedAt: Date
  /** Name of the pager in the configuration. */
  readonly pager: string
  /** That of the event's notifications: pager alerts of one pager with equal ones may be folded. Null for one that is never folded. */
  readonly fingerprint: string | null
  /** Tier of the policy, from 1. */
  readonly tier: number
}

/** The columns of a pager alert that its entries have, besides those that every change returns. */
export const ENTRY_COLUMNS = sql`g.acknowledged_by, g.salt`

/** The values of an entry of a pager alert, from a CTE with {@link ENTRY_COLUMNS}, as `g`. */
export function pagerAlertValues(via: RawBuilder<unknown>) {
  return {
    pager_alert: sql`g.id`,
    event: sql`g.event_id`,
    pager: sql`g.pager`,
    tier: sql`g.tier`,
    state: sql`g.state`,
    wanted: sql`g.wanted`,
    told: sql`g.told`,
    reason: sql`g.code`,
    status_code: sql`g.status_code`,
    via,
    who: hashSql(sql`g.salt`, sql`g.acknowledged_by`),
  }
}

const GATEWAY = sql.lit('gateway' satisfies ActorVia)

/**
 * Writes pager alerts, in the transaction of the escalation that asks for them; {@link claimPagerAlerts} finds them once it has
 * committed. An event has one pager alert at a pager. Where there is one already, the service is told again: it joins its open
 * alert, or opens another one after the first was acknowledged or resolved, since a trigger on an acknowledged alert notifies
 * nobody.
 *
 * @returns the pager alerts, new or told again
 */
export async function insertPagerAlerts(
  tx: Kysely<Tables>,
  pagerAlerts: readonly NewPagerAlert[],
): Promise<readonly Pick<PagerAlert, 'id' | 'eventId' | 'pager' | 'state'>[]> {
  if (pagerAlerts.length === 0) return []
  // An INSERT can not change one row twice.
  const unique = new Map(pagerAlerts.map((pagerAlert) => [`${pagerAlert.eventId} ${pagerAlert.pager}`, pagerAlert]))
  const rows = [...unique.values()].map((pagerAlert) => ({
    id: newId(),
    event_id: pagerAlert.eventId,
    event_created_at: pagerAlert.eventCreatedAt.toISOString(),
    pager: pagerAlert.pager,
    fingerprint: pagerAlert.fingerprint,
    tier: pagerAlert.tier,
  }))
  const isOver = sql`(g.state IN ('acknowledged', 'resolved') OR g.told IN ('acknowledge', 'resolve'))`
  const unlessOver = (column: string) => sql`CASE WHEN ${isOver} THEN NULL ELSE ${sql.ref(`g.${column}`)} END`
  const made = await sql<{ id: string; event_id: string; pager: string; state: PagerAlert['state'] }>`
    WITH ${changeRows(
      'pager_alert.made',
      'made',
      sql`
      INSERT INTO teams_pager_alerts AS g (id, event_id, event_created_at, pager, priority, fingerprint, tier, salt)
      SELECT j.id, j.event_id, j.event_created_at, j.pager, e.priority, j.fingerprint, j.tier, gen_random_uuid()
        FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS j
               (id uuid, event_id uuid, event_created_at timestamptz(3), pager text, fingerprint text, tier integer)
        JOIN teams_events e ON e.id = j.event_id AND e.created_at = j.event_created_at
       ORDER BY j.event_id, j.pager
      ON CONFLICT (event_id, pager) DO UPDATE
         SET state = CASE WHEN g.state IN ('accepted', 'opened') AND NOT ${isOver} THEN g.state ELSE 'pending' END,
             generation = g.generation + CASE WHEN ${isOver} THEN 1 ELSE 0 END,
             accepted_at = ${unlessOver('accepted_at')}, opened_at = ${unlessOver('opened_at')},
             acknowledged_at = ${unlessOver('acknowledged_at')}, acknowledged_by = ${unlessOver('acknowledged_by')},
             resolved_at = ${unlessOver('resolved_at')},
             wanted = 'trigger', told = NULL, tier = EXCLUDED.tier, code = NULL, status_code = NULL, folded_into = NULL,
             request_id = NULL, requested = NULL, failures = 0,
             next_attempt_at = CASE WHEN g.lease_by IS NULL THEN now() ELSE g.next_attempt_at END, updated_at = now()`,
      { returning: ENTRY_COLUMNS, entry: { values: pagerAlertValues(GATEWAY) } },
    )} SELECT id, event_id, pager, state FROM made`.execute(tx)
  return made.rows.map(({ event_id, ...row }) => ({ ...row, eventId: event_id }))
}

/**
 * Notes that the services of these events' pager alerts are to be told that somebody acknowledged them, or that they are over. A
 * pager alert that no service was told of is skipped; one whose request may have arrived is told, and then skipped. Does nothing for
 * a service that knows already.
 *
 * @param tx the transaction of the action or of the event that resolves
 */
export async function updatePagerAlerts(
  tx: Kysely<Tables>,
  eventIds: readonly string[],
  request: Exclude<PagerAlertRequest, 'trigger'>,
): Promise<void> {
  if (eventIds.length === 0) return
  const isOver = request === 'resolve'
  // An acknowledgement of an alert that there never was is accepted and dropped by PagerDuty. After a second attempt it is not
  // known whether the first one arrived.
  const unsent = sql`(g.state = 'folded' OR (g.state = 'pending' AND g.generation = 1 AND g.told IS NULL AND g.accepted_at IS NULL
    AND (g.attempts = 0 OR (g.attempts = 1 AND g.lease_by IS NULL AND g.code IN ('throttled', 'not_reached', 'key_missing')))))`
  await sql`
    WITH ${changeRows(
      'pager_alert.wanted',
      'wanted',
      sql`
      UPDATE teams_pager_alerts g
         SET wanted = ${request}::text,
             state = CASE WHEN ${unsent} THEN 'skipped' ELSE g.state END,
             folded_into = CASE WHEN ${unsent} THEN NULL ELSE g.folded_into END,
             failures = 0, code = NULL, status_code = NULL,
             next_attempt_at = CASE WHEN ${unsent} THEN NULL
                                    WHEN g.lease_by IS NULL AND g.request_id IS NULL THEN now()
                                    ELSE g.next_attempt_at END,
             updated_at = now()
       WHERE g.event_id = ANY(${[...eventIds]}::uuid[])
         AND g.wanted <> ${request}::text AND g.wanted <> 'resolve'
         AND (g.state IN ('pending', 'accepted', 'opened', 'folded', ${isOver ? sql`'acknowledged'` : sql`'pending'`})
              OR (g.state = 'skipped' AND g.told IS NOT NULL))`,
      { returning: ENTRY_COLUMNS, entry: { values: pagerAlertValues(GATEWAY) } },
    )} SELECT id FROM wanted`.execute(tx)
}

/** The pager alerts of events, the oldest first. */
export async function readPagerAlerts(db: Kysely<Tables>, eventIds: readonly string[]): Promise<readonly PagerAlert[]> {
  if (eventIds.length === 0) return []
  const rows = await db
    .selectFrom('teams_pager_alerts')
    .selectAll()
    .where(sql<boolean>`event_id = ANY(${[...eventIds]}::uuid[])`)
    .orderBy('created_at')
    .orderBy('id')
    .execute()
  return rows.map(toPagerAlert)
}

function toPagerAlert(row: Selectable<Tables['teams_pager_alerts']>): PagerAlert {
  return {
    id: row.id,
    eventId: row.event_id,
    pager: row.pager,
    tier: row.tier,
    state: row.state,
    wanted: row.wanted,
    told: row.told,
    code: row.code,
    statusCode: row.status_code,
    foldedInto: row.folded_into,
    acceptedAt: row.accepted_at,
    openedAt: row.opened_at,
    acknowledgedAt: row.acknowledged_at,
    acknowledgedBy: row.acknowledged_by,
    resolvedAt: row.resolved_at,
    createdAt: row.created_at,
  }
}
