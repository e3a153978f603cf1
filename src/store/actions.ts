import { type Kysely, type RawBuilder, type Selectable, sql } from 'kysely'
import type { Priority } from '../catalogue/priority.ts'
import type { ActionName, ActionResult, ActionState, Actor } from '../contract/actions.ts'
import { canonicalJson } from '../kernel/canonical-json.ts'
import type { JsonObject } from '../kernel/json.ts'
import { hashSql } from './entry-sql.ts'
import { ACTION_VALUES, changeRows } from './state-changes.ts'
import type { Tables } from './tables.ts'

/** An action's row. */
export type StoredAction = Omit<Selectable<Tables['teams_actions']>, 'salt' | 'lease_until'>

/** An action with what lists show of its event. */
export interface ActionOfEvent extends StoredAction {
  readonly correlation_id: string | null
  readonly event_type: string | null
  readonly priority: Priority | null
}

/** An action that is inserted. */
export interface NewAction {
  readonly id: string
  readonly action: ActionName
  readonly code: ActionResult | null
  readonly event: { readonly id: string; readonly createdAt: Date }
  readonly notificationId: string | null
  /** The events that it is done to; for one that is not done, the event that was asked for. */
  readonly eventIds: readonly string[]
  readonly actor: Actor
  readonly reason: string | null
  readonly note: string | null
  readonly tier: number | null
  readonly quietUntil: Date | null
  readonly result: JsonObject | null
  /** The database's clock when it was asked for. */
  readonly at: Date
  readonly keyHash: string | null
  readonly contentHash: string | null
  readonly confirms: string | null
}

const COLUMNS = sql`x.id, x.action, x.state, x.code, x.event_id, x.event_created_at, x.notification_id, x.event_ids, x.via,
  x.actor_id, x.actor_name, x.verified, x.relayed_by, x.reason, x.note, x.tier, x.quiet_until, x.result, x.requested_at,
  x.started_at, x.finished_at, x.key_hash, x.content_hash, x.confirms`

/** The values of an action's entry, with the hash of a result that is known before the statement runs. */
function entryValues(result: JsonObject | null) {
  const text = result === null ? null : canonicalJson(result)
  return { ...ACTION_VALUES, result: hashSql(sql`x.salt`, sql`${text}::text`) }
}

function row(action: NewAction, state: ActionState, finished: boolean): RawBuilder<unknown> {
  const { event, actor } = action
  return sql`
    (id, action, state, code, event_id, event_created_at, notification_id, event_ids, via, actor_id, actor_name, verified,
     relayed_by, reason, note, tier, quiet_until, result, requested_at, finished_at, key_hash, content_hash, confirms, salt)
    VALUES (${action.id}::uuid, ${action.action}::text, ${state}::text, ${action.code}::text, ${event.id}::uuid,
            ${event.createdAt}::timestamptz, ${action.notificationId}::uuid, ${[...action.eventIds].sort()}::uuid[],
            ${actor.via}::text, ${actor.id}::text, ${actor.name}::text, ${actor.verified}::boolean,
            ${actor.relayedBy}::text, ${action.reason}::text, ${action.note}::text, ${action.tier}::int,
            ${action.quietUntil}::timestamptz, ${action.result === null ? null : JSON.stringify(action.result)}::jsonb,
            ${action.at}::timestamptz, ${finished ? action.at : null}::timestamptz, ${action.keyHash}::text,
            ${action.contentHash}::text, ${action.confirms}::uuid, gen_random_uuid())`
}

/** Inserts an action that is done in this transaction. */
export async function insertDone(db: Kysely<Tables>, action: NewAction): Promise<void> {
  await sql`
    WITH ${changeRows('action.done', 'made', sql`INSERT INTO teams_actions AS x ${row(action, 'done', true)}`, {
      entry: { values: entryValues(action.result) },
    })} SELECT 1`.execute(db)
}

/** Inserts an action that is refused. */
export async function insertRefused(db: Kysely<Tables>, action: NewAction): Promise<void> {
  await sql`
    WITH ${changeRows('action.refused', 'made', sql`INSERT INTO teams_actions AS x ${row(action, 'refused', true)}`, {
      entry: { values: entryValues(action.result) },
    })} SELECT 1`.execute(db)
}

/** Inserts an action that is done later: outside the gateway, or when a second person confirms it. */
export async function insertRequested(db: Kysely<Tables>, action: NewAction): Promise<void> {
  await sql`
    WITH ${changeRows(
      'action.requested',
      'made',
      sql`INSERT INTO teams_actions AS x ${row(action, 'requested', false)}`,
      { entry: { values: entryValues(action.result) } },
    )} SELECT 1`.execute(db)
}

/** Requested, and ready to run. A request for a second person's confirmation never runs: the confirming action does. */
const READY = sql`x.state = 'requested' AND x.code IS DISTINCT FROM 'second_person_needed'`

/**
 * Takes an action that is ready, or whose process let its lease run out, for `leaseSeconds`. Of several processes one gets it.
 *
 * @returns the action, and whether another process had begun it; undefined where it is finished, another process has it, or it waits for a second person
 */
export async function takeAction(
  db: Kysely<Tables>,
  id: string,
  leaseSeconds: number,
): Promise<{ readonly action: StoredAction; readonly again: boolean } | undefined> {
  const { rows } = await sql<StoredAction & { again: boolean }>`
    WITH waiting AS (
      SELECT x.id, x.state = 'running' AS again FROM teams_actions x
       WHERE x.id = ${id}::uuid AND (${READY} OR x.state = 'running' AND x.lease_until < clock_timestamp())
         FOR UPDATE SKIP LOCKED
    ), ${changeRows(
      'action.started',
      'started',
      sql`
      UPDATE teams_actions x
         SET state = 'running', started_at = coalesce(started_at, clock_timestamp()),
             lease_until = clock_timestamp() + make_interval(secs => ${leaseSeconds}::float8)
        FROM waiting w WHERE x.id = w.id`,
      {
        returning: sql`x.event_created_at, x.result, x.key_hash, x.content_hash, w.again`,
        entry: { values: entryValues(null) },
      },
    )} SELECT * FROM started`.execute(db)
  const [taken] = rows
  if (taken === undefined) return undefined
  const { again, ...action } = taken
  return { action, again }
}

/** Renews the lease of a running action; false where it is finished. */
export async function renewAction(db: Kysely<Tables>, id: string, leaseSeconds: number): Promise<boolean> {
  const { rows } = await sql`
    WITH ${changeRows(
      'action.renewed',
      'renewed',
      sql`
      UPDATE teams_actions x SET lease_until = clock_timestamp() + make_interval(secs => ${leaseSeconds}::float8)
       WHERE id = ${id}::uuid AND state = 'running'`,
    )} SELECT id FROM renewed`.execute(db)
  return rows.length > 0
}

/** The end of an action that was asked for. */
export interface ActionEnd {
  readonly state: 'done' | 'refused' | 'failed' | 'unknown'
  readonly code: ActionResult | null
  readonly result: JsonObject | null
}

/** Finishes an action that waits or runs; undefined where it is finished already. */
export async function finishAction(
  db: Kysely<Tables>,
  id: string,
  { state, code, result }: ActionEnd,
): Promise<StoredAction | undefined> {
  const { rows } = await sql<StoredAction>`
    WITH ${changeRows(
      'action.finished',
      'finished',
      sql`
      UPDATE teams_actions x
         SET state = ${state}::text, code = ${code}::text, lease_until = NULL, finished_at = clock_timestamp(),
             result = ${result === null ? null : JSON.stringify(result)}::jsonb
       WHERE id = ${id}::uuid AND finished_at IS NULL`,
      {
        returning: sql`x.event_created_at, x.result, x.key_hash, x.content_hash`,
        entry: { values: entryValues(result) },
      },
    )} SELECT * FROM finished`.execute(db)
  return rows[0]
}

/** Ids of actions outside the gateway that no process has: not begun for some seconds, or with a lease that ran out. */
export async function findAbandoned(
  db: Kysely<Tables>,
  actions: readonly ActionName[],
  afterSeconds: number,
): Promise<readonly string[]> {
  const { rows } = await sql<{ id: string }>`
    SELECT x.id FROM teams_actions x
     WHERE x.finished_at IS NULL AND x.action = ANY(${[...actions]}::text[])
       AND (x.state = 'running' AND x.lease_until < clock_timestamp()
            OR ${READY} AND x.requested_at < clock_timestamp() - make_interval(secs => ${afterSeconds}::float8))
     ORDER BY x.id LIMIT 100`.execute(db)
  return rows.map(({ id }) => id)
}

/** Requests that wait for a second person for longer than some seconds, the oldest first. */
export async function findUnconfirmed(
  db: Kysely<Tables>,
  afterSeconds: number,
): Promise<readonly { readonly id: string; readonly event_id: string }[]> {
  const { rows } = await sql<{ id: string; event_id: string }>`
    SELECT x.id, x.event_id FROM teams_actions x
     WHERE x.finished_at IS NULL AND x.code = 'second_person_needed'
       AND x.requested_at < clock_timestamp() - make_interval(secs => ${afterSeconds}::float8)
     ORDER BY x.id LIMIT 100`.execute(db)
  return rows
}

/** The action that has an idempotency key. */
export async function findByKey(db: Kysely<Tables>, keyHash: string): Promise<StoredAction | undefined> {
  const { rows } = await sql<StoredAction>`
    SELECT ${COLUMNS} FROM teams_actions x WHERE x.key_hash = ${keyHash}`.execute(db)
  return rows[0]
}

/** Actions of this name on an event that are not finished, the oldest first. */
export async function findOpenActions(
  db: Kysely<Tables>,
  action: ActionName,
  eventId: string,
): Promise<readonly StoredAction[]> {
  const { rows } = await sql<StoredAction>`
    SELECT ${COLUMNS} FROM teams_actions x
     WHERE x.action = ${action} AND x.event_id = ${eventId}::uuid AND x.finished_at IS NULL ORDER BY x.id`.execute(db)
  return rows
}

/** SQL of actions with what lists show of their events. */
const withEvent = (where: RawBuilder<unknown>, end: RawBuilder<unknown>) => sql<ActionOfEvent>`
  SELECT ${COLUMNS}, e.correlation_id, e.event_type, e.priority
    FROM teams_actions x LEFT JOIN teams_events e ON e.id = x.event_id AND e.created_at = x.event_created_at
   WHERE ${where} ORDER BY x.id DESC ${end}`

/** One action; undefined where there is none. */
export async function readAction(db: Kysely<Tables>, id: string): Promise<ActionOfEvent | undefined> {
  const { rows } = await withEvent(sql`x.id = ${id}::uuid`, sql``).execute(db)
  return rows[0]
}

/** The newest actions that were done to an event, or asked for. */
export async function readActionsOf(
  db: Kysely<Tables>,
  eventId: string,
  limit: number,
): Promise<readonly ActionOfEvent[]> {
  const { rows } = await withEvent(sql`x.event_ids @> ARRAY[${eventId}::uuid]`, sql`LIMIT ${limit}::int`).execute(db)
  return rows
}

/** Filters of {@link listActions}. */
export interface ActionFilter {
  readonly eventId?: string | undefined
  readonly correlationId?: string | undefined
  readonly action?: ActionName | undefined
  readonly state?: ActionState | undefined
  readonly since?: Date | undefined
  readonly until?: Date | undefined
  /** Id of the last action of the page before. */
  readonly before?: string | undefined
  readonly limit: number
}

/** Lists actions, the newest first; one more than `limit` where there are more. */
export async function listActions(db: Kysely<Tables>, filter: ActionFilter): Promise<readonly ActionOfEvent[]> {
  const { eventId, correlationId, action, state, since, until, before, limit } = filter
  const conditions = [
    sql`true`,
    ...(eventId === undefined ? [] : [sql`x.event_ids @> ARRAY[${eventId}::uuid]`]),
    ...(correlationId === undefined
      ? []
      : [sql`x.event_ids && ARRAY(SELECT id FROM teams_events WHERE correlation_id = ${correlationId})`]),
    ...(action === undefined ? [] : [sql`x.action = ${action}`]),
    ...(state === undefined ? [] : [sql`x.state = ${state}`]),
    ...(since === undefined ? [] : [sql`x.requested_at >= ${since}`]),
    ...(until === undefined ? [] : [sql`x.requested_at < ${until}`]),
    ...(before === undefined ? [] : [sql`x.id < ${before}::uuid`]),
  ]
  const { rows } = await withEvent(sql.join(conditions, sql` AND `), sql`LIMIT ${limit + 1}::int`).execute(db)
  return rows
}
