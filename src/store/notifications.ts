import { type Kysely, type Selectable, type SelectQueryBuilder, sql } from 'kysely'
import type { NotificationQuery } from '../contract/notification-query.ts'
import type { AttemptView, NotificationDetail, NotificationView, State } from '../contract/notifications.ts'
import { GatewayError } from '../kernel/errors.ts'
import { timeOfId } from '../kernel/ids.ts'
import type { JsonObject } from '../kernel/json.ts'
import { type ActionOfEvent, readActionsOf } from './actions.ts'
import { readPagerAlerts } from './pager-alerts.ts'
import { insertReplay, readReplays } from './replays.ts'
import { changeRows } from './state-changes.ts'
import type { Tables } from './tables.ts'

const COLUMNS = [
  'id',
  'event_id',
  'correlation_id',
  'event_type',
  'priority',
  'stakeholders',
  'channel',
  'state',
  'reason',
  'language',
  'webhook_url',
  'status_code',
  'retry_count',
  'error_message',
  'created_at',
  'sent_at',
  'accepted_at',
  'next_attempt_at',
  'acknowledged_by',
  'acknowledged_at',
  'action_taken',
  'digest_id',
  'silence_id',
  'repeat_of',
] as const

type Selected = Selectable<Tables['teams_notifications']>
type Row = Pick<Selected, (typeof COLUMNS)[number]>

/** Lists notifications, the newest first. The cursor is the id of a page's last notification: ids sort by time. */
export async function listNotifications(
  db: Kysely<Tables>,
  query: NotificationQuery,
): Promise<{ readonly notifications: readonly NotificationView[]; readonly nextCursor: string | null }> {
  // PostgreSQL refuses a text with U+0000 as a parameter, and no row has one.
  if ([query.correlationId, query.eventType, query.channel].some((text) => text?.includes('\0')))
    return { notifications: [], nextCursor: null }
  let select: SelectQueryBuilder<Tables, 'teams_notifications', Row> = db
    .selectFrom('teams_notifications')
    .select(COLUMNS)
    .orderBy('id', 'desc')
    .limit(query.limit + 1)
  if (query.correlationId !== undefined) select = select.where('correlation_id', '=', query.correlationId)
  if (query.eventType !== undefined) select = select.where('event_type', '=', query.eventType)
  if (query.priority !== undefined) select = select.where('priority', '=', query.priority)
  if (query.state !== undefined) select = select.where('state', '=', query.state)
  if (query.channel !== undefined) select = select.where('channel', '=', query.channel)
  if (query.since !== undefined) select = select.where('created_at', '>=', query.since)
  if (query.until !== undefined) select = select.where('created_at', '<', query.until)
  if (query.cursor !== undefined) {
    if (timeOfId(query.cursor) === undefined)
      throw new GatewayError('invalid_request', [
        { at: 'cursor', found: 'text of another form', expected: 'the next_cursor of an earlier answer' },
      ])
    select = select.where('id', '<', query.cursor)
  }
  if (query.digestId !== undefined) {
    const digest = await findRow(db, query.digestId)
    if (!digest) return { notifications: [], nextCursor: null }
    // Its members were accepted before it and wait for the same channel: said here, so that an index has them together.
    select = select
      .where('digest_id', '=', digest.id)
      .where('channel', '=', digest.channel)
      .where('created_at', '<=', digest.created_at)
  }
  const rows = await select.execute()
  const page = rows.slice(0, query.limit)
  return { notifications: page.map(toView), nextCursor: rows.length > query.limit ? (page.at(-1)?.id ?? null) : null }
}

/** The key and channel of a notification; undefined where there is none. */
async function findRow(db: Kysely<Tables>, id: string) {
  return takeById(db.selectFrom('teams_notifications').select(['id', 'channel', 'created_at']), id)
}

/** Notifications without data and card, in the order of their ids. @throws GatewayError `not_found` */
export async function readViews(db: Kysely<Tables>, ids: readonly string[]): Promise<readonly NotificationView[]> {
  return Promise.all(
    ids.map(async (id) => {
      const row = await takeById(db.selectFrom('teams_notifications').select(COLUMNS), id)
      if (!row) throw missing()
      return toView(row)
    }),
  )
}

/** What a notification's card says in a client that shows no cards: its heading. Null where no card was made, or it was removed. */
export async function readHeading(
  db: Kysely<Tables>,
  { id, createdAt }: Pick<NotificationView, 'id' | 'createdAt'>,
): Promise<string | null> {
  const row = await db
    .selectFrom('teams_notifications')
    .select(sql<string | null>`card_payload ->> 'fallbackText'`.as('heading'))
    .where('id', '=', id)
    .where('created_at', '=', createdAt)
    .executeTakeFirst()
  return row?.heading ?? null
}

/** The card of a notification as it was posted; null where no card was made, or it was removed. */
export async function readCard(
  db: Kysely<Tables>,
  { id, createdAt }: Pick<NotificationView, 'id' | 'createdAt'>,
): Promise<JsonObject | null> {
  const row = await db
    .selectFrom('teams_notifications')
    .select('card_payload')
    .where('id', '=', id)
    .where('created_at', '=', createdAt)
    .executeTakeFirst()
  return row?.card_payload ?? null
}

/**
 * One notification with its data, card, attempts and actions. Callers record the read: `recordRead`.
 *
 * @throws GatewayError `not_found`
 */
export async function getNotification(db: Kysely<Tables>, id: string): Promise<NotificationDetail> {
  const row = await takeById(db.selectFrom('teams_notifications').selectAll(), id)
  if (!row) throw missing()
  const event = await db
    .selectFrom('teams_events')
    .select('data')
    .where('id', '=', row.event_id)
    .where('created_at', '=', row.created_at)
    .executeTakeFirst()
  const attempts = await db
    .selectFrom('teams_attempts')
    .selectAll()
    .where('notification_id', '=', id)
    .where('created_at', '=', row.created_at)
    .orderBy('started_at')
    .execute()
  return {
    ...toView(row),
    card: row.card_payload,
    data: event?.data ?? {},
    ...(await readRepeats(db, row)),
    ...(await readResolution(db, row)),
    attempts: attempts.map(
      (attempt): AttemptView => ({
        attempt: attempt.attempt,
        startedAt: attempt.started_at,
        finishedAt: attempt.finished_at,
        outcome: attempt.outcome,
        statusCode: attempt.status_code,
        errorCode: attempt.error_code,
        message: attempt.message,
        repeat: attempt.repeat,
      }),
    ),
    actions: await readDone(db, row),
    pagerAlerts: await readPagerAlerts(db, [row.event_id]),
  }
}

/** Counts a notification's repeats. Each is a row: a counter column would be locked by concurrent events. */
async function readRepeats(
  db: Kysely<Tables>,
  { id, created_at }: Pick<Selected, 'id' | 'created_at'>,
): Promise<Pick<NotificationDetail, 'repeatCount' | 'lastRepeatAt'>> {
  const row = await db
    .selectFrom('teams_notifications')
    .select([sql<number>`count(*)::int`.as('count'), sql<Date | null>`max(created_at)`.as('last')])
    .where('repeat_of', '=', id)
    // A long transaction may have begun before the one that it repeats was written.
    .where('created_at', '>', new Date(created_at.getTime() - DAY))
    .executeTakeFirstOrThrow()
  return { repeatCount: row.count, lastRepeatAt: row.last }
}

/** The event that resolved a notification, and when. */
async function readResolution(
  db: Kysely<Tables>,
  { id, created_at }: Pick<Selected, 'id' | 'created_at'>,
): Promise<Pick<NotificationDetail, 'resolvedAt' | 'resolvedBy'>> {
  const { rows } = await sql<{ event_id: string; created_at: Date }>`
    SELECT r.event_id, r.created_at
      FROM teams_notifications n
      JOIN teams_resolutions r
        ON r.dedup_key = n.dedup_key AND r.event_type = n.event_type AND r.event_id = teams_resolved_by(n)
     WHERE n.id = ${id} AND n.created_at = ${created_at}`.execute(db)
  const [row] = rows
  return { resolvedAt: row?.created_at ?? null, resolvedBy: row?.event_id ?? null }
}

/**
 * What was done to a notification's event, the oldest first. Replays of an earlier version have no action, and neither has an
 * acknowledgement that was written with SQL.
 */
async function readDone(
  db: Kysely<Tables>,
  row: Pick<Selected, 'id' | 'event_id' | 'acknowledged_by' | 'acknowledged_at' | 'action_taken' | 'action_data'>,
): Promise<NotificationDetail['actions']> {
  const done = (await readActionsOf(db, row.event_id, MAX_ACTIONS))
    .filter(({ state, action, notification_id }) => {
      const own = action !== 'replay' || notification_id === null || notification_id === row.id
      return state === 'done' && own
    })
    .map((action) => ({
      action: action.action as string,
      by: action.actor_name ?? action.actor_id ?? action.relayed_by ?? action.via,
      at: action.finished_at ?? action.requested_at,
      data: dataOf(action),
    }))
  const times = new Set(done.map(({ at }) => at.getTime()))
  const replays = (await readReplays(db, row.id)).filter(({ at }) => !times.has(at.getTime()))
  const written =
    row.acknowledged_by && row.acknowledged_at && !times.has(row.acknowledged_at.getTime())
      ? [
          {
            action: row.action_taken ?? 'acknowledge',
            by: row.acknowledged_by,
            at: row.acknowledged_at,
            data: row.action_data,
          },
        ]
      : []
  return [...done, ...replays, ...written].sort((a, b) => a.at.getTime() - b.at.getTime())
}

/** Actions that one notification shows; all are in the list of actions. */
const MAX_ACTIONS = 100

function dataOf(action: ActionOfEvent): JsonObject {
  const { id, verified, reason, note, tier, quiet_until: quietUntil, result } = action
  return {
    action_id: id,
    verified,
    ...(reason === null ? {} : { reason }),
    ...(note === null ? {} : { note }),
    ...(tier === null ? {} : { tier }),
    ...(quietUntil === null ? {} : { quiet_until: quietUntil.toISOString() }),
    ...(result === null ? {} : { result }),
  }
}

/**
 * Makes a failed notification `pending` again, with all its retries, inside the given transaction, and records who
 * asked for it.
 *
 * @param by who asked
 * @param at when; now, if absent
 * @returns the notification; the caller wakes its channel
 * @throws GatewayError `not_found`, `not_replayable`
 */
export async function replayNotification(
  db: Kysely<Tables>,
  id: string,
  by: string,
  at?: Date,
): Promise<NotificationView> {
  const row = await takeById(db.selectFrom('teams_notifications').select(COLUMNS).forUpdate(), id)
  if (!row) throw missing()
  if (row.state !== 'failed')
    throw new GatewayError('not_replayable', [{ at: 'state', found: JSON.stringify(row.state), expected: '"failed"' }])
  const { rows } = await sql<Pick<Row, 'state' | 'reason' | 'next_attempt_at'>>`
    WITH ${changeRows(
      'notification.replayed',
      'replayed',
      sql`
      UPDATE teams_notifications n
         SET state = 'pending', reason = 'replayed', failures = 0, next_attempt_at = clock_timestamp()
       WHERE id = ${id}::uuid AND created_at = ${row.created_at}`,
      { returning: sql`n.next_attempt_at` },
    )} SELECT state, reason, next_attempt_at FROM replayed`.execute(db)
  await insertReplay(db, { id, createdAt: row.created_at }, by, at)
  return toView({ ...row, ...rows[0] })
}

const DAY = 86_400_000

/**
 * The row with an id. Looks in the partitions of the id's own time first, with a day on each side for clock differences and long
 * transactions: an id has the time of the process that made it, and `created_at` that of the transaction. The card of a later tier
 * has the `created_at` of its event, which may be weeks before its id, and the clock of a process may be wrong by more than a day,
 * so all partitions are next, each by an index.
 */
async function takeById<O>(
  query: SelectQueryBuilder<Tables, 'teams_notifications', O>,
  id: string,
): Promise<O | undefined> {
  const made = timeOfId(id)
  // An id that somebody made up may say a year that the database does not read.
  if (!made || made.getUTCFullYear() >= 9999) return undefined
  const ofId = query.where('id', '=', id)
  const found = await ofId
    .where('created_at', '>', new Date(made.getTime() - DAY))
    .where('created_at', '<', new Date(made.getTime() + DAY))
    .executeTakeFirst()
  return found ?? ofId.executeTakeFirst()
}

function missing(): GatewayError {
  return new GatewayError('not_found', [
    { at: 'id', found: 'an id that no notification has', expected: 'the id of a notification' },
  ])
}

/** True where Teams accepted the card. */
function isTaken(state: State): boolean {
  return state === 'accepted' || state === 'posted'
}

function toView(row: Row): NotificationView {
  return {
    id: row.id,
    eventId: row.event_id,
    correlationId: row.correlation_id,
    eventType: row.event_type,
    priority: row.priority,
    stakeholders: row.stakeholders,
    channel: row.channel,
    state: row.state,
    reason: row.reason,
    language: row.language,
    webhookUrl: row.webhook_url,
    statusCode: row.status_code,
    retryCount: row.retry_count,
    errorMessage: row.error_message,
    createdAt: row.created_at,
    sentAt: row.sent_at,
    // A row of before migration 0003 that is not filled in yet: its sent_at was this.
    acceptedAt: row.accepted_at ?? (isTaken(row.state) ? row.sent_at : null),
    nextAttemptAt: row.state === 'pending' ? row.next_attempt_at : null,
    acknowledgedBy: row.acknowledged_by,
    acknowledgedAt: row.acknowledged_at,
    actionTaken: row.action_taken,
    digestId: row.digest_id,
    silenceId: row.silence_id,
    repeatOf: row.repeat_of,
  }
}
