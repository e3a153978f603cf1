import { type Kysely, type RawBuilder, type Selectable, sql } from 'kysely'
import type { ActorVia } from '../contract/actions.ts'
import type { PagerAlertCode, PagerAlertRequest, PagerAlertState } from '../contract/pager-alerts.ts'
import { ENTRY_COLUMNS, pagerAlertValues } from './pager-alerts.ts'
import { changeRows } from './state-changes.ts'
import type { Tables } from './tables.ts'

/** What a request to a service came to. */
export type PagerAlertResult =
  /** The service accepted the request; with a `requestId`, what comes of it has to be asked for after `checkInMs`. */
  | {
      readonly kind: 'accepted'
      readonly request: PagerAlertRequest
      readonly requestId?: string
      readonly checkInMs?: number
      readonly statusCode: number
    }
  /** An asynchronous request is not processed yet. */
  | { readonly kind: 'unprocessed'; readonly checkInMs: number }
  /** The service said that the request was done. */
  | { readonly kind: 'done'; readonly request: PagerAlertRequest }
  /** To be made again. */
  | {
      readonly kind: 'retry'
      readonly code: PagerAlertCode
      readonly statusCode: number | null
      readonly retryInMs: number
      /** False where no request was made, so that nothing was tried. */
      readonly tried: boolean
    }
  /** Not to be made again. */
  | {
      readonly kind: 'refused'
      readonly request: PagerAlertRequest
      readonly code: PagerAlertCode
      readonly statusCode: number | null
    }

/** A pager alert after a change. */
export interface ChangedPagerAlert {
  readonly id: string
  readonly eventId: string
  readonly pager: string
  /** Tier of the policy that asked for it. */
  readonly tier: number
  readonly state: PagerAlertState
  /** True where this change made it so. */
  readonly changed: boolean
}

const GATEWAY = sql.lit('gateway' satisfies ActorVia)
const later = (ms: number) => sql`clock_timestamp() + make_interval(secs => ${ms / 1000}::float8)`
/** Due at once where something else is to be told meanwhile. */
const unlessTold = (request: PagerAlertRequest) =>
  sql`CASE WHEN g.wanted = ${request}::text THEN NULL ELSE clock_timestamp() END`

/**
 * Records the end of a request, unless another process has taken the pager alert over. Returns the pager alert as it is now;
 * undefined where it was taken over, or where its request is not processed yet.
 */
export async function recordPagerAlert(
  db: Kysely<Tables>,
  pagerAlert: { readonly id: string; readonly leaseId: string },
  result: PagerAlertResult,
): Promise<ChangedPagerAlert | undefined> {
  if (result.kind === 'unprocessed') {
    await sql`
      WITH ${changeRows(
        'pager_alert.unprocessed',
        'unprocessed',
        sql`
        UPDATE teams_pager_alerts g
           SET failures = g.failures + 1, next_attempt_at = ${later(result.checkInMs)}, lease_by = NULL, updated_at = now()
         WHERE g.id = ${pagerAlert.id}::uuid AND g.lease_by = ${pagerAlert.leaseId}::uuid`,
      )} SELECT 1`.execute(db)
    return undefined
  }
  const { rows } = await sql<ChangedRow & { before: PagerAlertState }>`
    WITH old AS (
      SELECT o.id, o.state FROM teams_pager_alerts o WHERE o.id = ${pagerAlert.id}::uuid AND o.lease_by = ${pagerAlert.leaseId}::uuid FOR UPDATE
    ), ${changeRows(
      'pager_alert.sent',
      'sent',
      sql`
      UPDATE teams_pager_alerts g SET ${columnsOf(result)}, lease_by = NULL, updated_at = now() FROM old o WHERE g.id = o.id`,
      { returning: sql`${ENTRY_COLUMNS}, o.state AS before`, entry: { values: pagerAlertValues(GATEWAY) } },
    )} SELECT id, event_id, pager, tier, state, before FROM sent`.execute(db)
  const [row] = rows
  return row && changedPagerAlert(row, row.state !== row.before)
}

type ChangedRow = Pick<Selectable<Tables['teams_pager_alerts']>, 'id' | 'event_id' | 'pager' | 'tier' | 'state'>

function changedPagerAlert(
  { event_id: eventId, id, pager, tier, state }: ChangedRow,
  changed: boolean,
): ChangedPagerAlert {
  return { id, eventId, pager, tier, state, changed }
}

function columnsOf(result: Exclude<PagerAlertResult, { kind: 'unprocessed' }>): RawBuilder<unknown> {
  switch (result.kind) {
    case 'accepted': {
      const isTrigger = result.request === 'trigger'
      // Only a trigger that the service accepted makes a pager alert accepted: an acknowledge or a resolve proves no alert.
      const state =
        result.requestId === undefined && !isTrigger ? unlessPending(result.request, 'skipped') : sql`g.state`
      return sql`
        state = CASE WHEN g.state = 'pending' AND ${isTrigger}::boolean THEN 'accepted' ELSE ${state} END,
        accepted_at = CASE WHEN ${isTrigger}::boolean THEN coalesce(g.accepted_at, clock_timestamp()) ELSE g.accepted_at END,
        told = ${result.requestId === undefined ? sql`${result.request}::text` : sql`g.told`},
        request_id = ${result.requestId ?? null}::text,
        requested = ${result.requestId === undefined ? null : result.request}::text,
        status_code = ${result.statusCode}::int, code = NULL, failures = 0,
        next_attempt_at = ${result.requestId === undefined ? unlessTold(result.request) : later(result.checkInMs ?? 0)}`
    }
    case 'done': {
      const state = ({ trigger: 'opened', acknowledge: 'acknowledged', resolve: 'resolved' } as const)[result.request]
      const at = sql.ref(`${state}_at`)
      return sql`
        ${stateColumn(state)}, ${at} = coalesce(g.${at}, clock_timestamp()),
        told = ${result.request}::text, request_id = NULL, requested = NULL, code = NULL, failures = 0,
        next_attempt_at = ${unlessTold(result.request)}`
    }
    case 'retry':
      return sql`
        code = ${result.code}::text, status_code = ${result.statusCode}::int, request_id = NULL, requested = NULL,
        failures = g.failures + ${result.tried ? 1 : 0}::int,
        attempts = g.attempts - ${result.tried ? 0 : 1}::int, next_attempt_at = ${later(result.retryInMs)}`
    case 'refused': {
      const isTrigger = result.request === 'trigger'
      // A refused acknowledge or resolve leaves the alert as it is: it may be over there already. Where it is not known whether there
      // is one, only a request that the service processed says that there is none.
      const ended = unlessPending(result.request, result.code === 'not_done' ? 'skipped' : 'failed')
      return sql`
        state = ${isTrigger ? sql`'failed'` : ended}, told = ${isTrigger ? sql`g.told` : sql`${result.request}::text`},
        code = ${result.code}::text, status_code = ${result.statusCode}::int, request_id = NULL, requested = NULL,
        failures = 0, next_attempt_at = ${isTrigger ? sql`NULL` : unlessTold(result.request)}`
    }
  }
}

/**
 * The state after the service was told of an acknowledgement or an end: another one for a pager alert that it has never certainly
 * taken, unless it is to be told something else meanwhile.
 */
function unlessPending(request: PagerAlertRequest, otherwise: PagerAlertState): RawBuilder<unknown> {
  return sql`CASE WHEN g.state = 'pending' AND g.wanted = ${request}::text THEN ${otherwise}::text ELSE g.state END`
}

/** A state that the service told never goes back, unless an alert is opened after one was resolved. */
function stateColumn(state: 'opened' | 'acknowledged' | 'resolved'): RawBuilder<unknown> {
  const before = {
    opened: sql`('pending', 'accepted', 'skipped')`,
    acknowledged: sql`('pending', 'accepted', 'skipped', 'opened')`,
    resolved: sql`('pending', 'accepted', 'skipped', 'opened', 'acknowledged')`,
  }[state]
  return sql`state = CASE WHEN g.state IN ${before} THEN ${state}::text ELSE g.state END`
}

/**
 * Records what a service told about an alert by itself: that it was opened, acknowledged or resolved there. What it told before
 * changes nothing, so a webhook may come twice, and late.
 *
 * @param pagerAlert with the generation of the alert; an earlier one is closed for the gateway, and nothing is recorded of it
 * @param by the name of the person, as the service gives it; null for none
 * @returns the pager alert; undefined where the event has none at this pager
 */
export async function recordTold(
  db: Kysely<Tables>,
  pagerAlert: { readonly eventId: string; readonly pager: string; readonly generation: number },
  told: { readonly state: 'opened' | 'acknowledged' | 'resolved'; readonly by: string | null; readonly via: ActorVia },
): Promise<ChangedPagerAlert | undefined> {
  const { state, by, via } = told
  const at = sql.ref(`${state}_at`)
  const isAcknowledged = state === 'acknowledged'
  const { rows } = await sql<{ id: string }>`
    WITH ${changeRows(
      'pager_alert.told',
      'told',
      sql`
      UPDATE teams_pager_alerts g
         SET ${stateColumn(state)}, ${at} = coalesce(g.${at}, clock_timestamp()),
             acknowledged_by = CASE WHEN ${isAcknowledged}::boolean THEN coalesce(g.acknowledged_by, ${by}::text)
                                    ELSE g.acknowledged_by END,
             accepted_at = coalesce(g.accepted_at, clock_timestamp()), updated_at = now()
       WHERE g.event_id = ${pagerAlert.eventId}::uuid AND g.pager = ${pagerAlert.pager}::text AND g.${at} IS NULL
         AND g.generation = ${pagerAlert.generation}::int
         AND g.state IN ('pending', 'accepted', 'opened', 'acknowledged', 'skipped')`,
      { returning: ENTRY_COLUMNS, entry: { values: pagerAlertValues(sql`${via}::text`) } },
    )} SELECT id FROM told`.execute(db)
  const row = await db
    .selectFrom('teams_pager_alerts')
    .select(['id', 'event_id', 'pager', 'tier', 'state'])
    .where('event_id', '=', pagerAlert.eventId)
    .where('pager', '=', pagerAlert.pager)
    .executeTakeFirst()
  return row && changedPagerAlert(row, rows.length > 0)
}

/** The events of a pager alert and of those that are folded into it. */
export async function readFoldedEvents(db: Kysely<Tables>, pagerAlertId: string): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('teams_pager_alerts')
    .select('event_id')
    .where((where) => where.or([where('id', '=', pagerAlertId), where('folded_into', '=', pagerAlertId)]))
    .orderBy('id')
    .execute()
  return rows.map(({ event_id }) => event_id)
}
