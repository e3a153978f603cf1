import { type Kysely, sql } from 'kysely'
import { changeRows, changeTables } from './state-changes.ts'
import type { Tables } from './tables.ts'

/**
 * Months for which partitions are made in advance. A gateway that is off for longer still accepts events, into the
 * default partition.
 */
const MONTHS_AHEAD = 3

/** Days for which the gateway keeps which events are about a group of alerts. Webhooks are compared with those of 32 days. */
const ALERT_EVENT_DAYS = 40

/** Makes the partitions of this month and of the next {@link MONTHS_AHEAD}. */
export async function ensurePartitions(db: Kysely<Tables>): Promise<void> {
  await changeTables('record.months_made', sql`SELECT teams_ensure_partitions(${MONTHS_AHEAD}::int)`).execute(db)
}

/**
 * Moves past months out of the default partitions into partitions of their own, the oldest first, each in one
 * transaction. Retention can drop only these. Rows can not be changed while they are moved.
 *
 * @returns how many months were moved
 */
export async function movePastMonths(db: Kysely<Tables>): Promise<number> {
  for (let moved = 0; ; moved++) {
    const { rows } = await changeTables(
      'record.month_moved',
      sql<{ month: string | null }>`SELECT teams_move_past_month() AS month`,
    ).execute(db)
    if (!rows[0]?.month) return moved
  }
}

/**
 * Drops months older than `auditDays`, with their resolutions, replays, actions, pager alerts, escalations and archived records, removes
 * cards older than `cardDays` from finished notifications, and forgets which old events are about groups of alerts.
 */
export async function applyRetention(db: Kysely<Tables>, auditDays: number, cardDays: number): Promise<void> {
  await changeTables('record.removed', sql`CALL teams_apply_retention(${auditDays}::int, ${cardDays}::int)`).execute(db)
  const tooOld = sql`now() - make_interval(days => ${auditDays}::int)`
  const removedFrom = (table: string) => ({
    entry: {
      subject: sql`NULL::uuid`,
      values: { table: sql.lit(table), before: tooOld, count: sql`removed.count` },
      from: sql`(SELECT count(*) AS count FROM removed HAVING count(*) > 0) removed`,
    },
  })
  // Their tables have no months to drop. An escalation that still climbs is kept.
  const removals = [
    changeRows(
      'resolution.removed',
      'removed',
      sql`DELETE FROM teams_resolutions r WHERE created_at < ${tooOld}`,
      removedFrom('teams_resolutions'),
    ),
    changeRows(
      'replay.removed',
      'removed',
      sql`DELETE FROM teams_replays p WHERE replayed_at < ${tooOld}`,
      removedFrom('teams_replays'),
    ),
    changeRows(
      'action.removed',
      'removed',
      sql`DELETE FROM teams_actions x WHERE requested_at < ${tooOld}`,
      removedFrom('teams_actions'),
    ),
    changeRows(
      'pager_alert.removed',
      'removed',
      sql`DELETE FROM teams_pager_alerts g WHERE created_at < ${tooOld}`,
      removedFrom('teams_pager_alerts'),
    ),
    changeRows(
      'escalation.removed',
      'removed',
      sql`DELETE FROM teams_escalations z WHERE next_at IS NULL AND event_created_at < ${tooOld}`,
      removedFrom('teams_escalations'),
    ),
    changeRows(
      'archive.removed',
      'removed',
      sql`DELETE FROM teams_archive h WHERE archived_at < ${tooOld}`,
      removedFrom('teams_archive'),
    ),
    changeRows('task.removed', 'removed', sql`DELETE FROM teams_requeued_tasks q WHERE claimed_at < ${tooOld}`),
    changeRows(
      'alert_event.removed',
      'removed',
      sql`DELETE FROM teams_alert_events l WHERE event_created_at < now() - make_interval(days => ${ALERT_EVENT_DAYS}::int)`,
    ),
  ]
  for (const removal of removals) await sql`WITH ${removal} SELECT 1`.execute(db)
}

/**
 * Ends waits that are longer than any rule sets. They were set before the database's clock was set back, and would last
 * until it is there again: an hour, or forty days.
 *
 * @param longest the longest wait that a rule sets, in seconds
 * @returns how many notifications, channels, pager alerts and pagers no longer wait
 */
export async function endImpossibleWaits(db: Kysely<Tables>, longest: number): Promise<number> {
  const latest = sql`clock_timestamp() + make_interval(secs => ${longest})`
  const channels = await sql`
    WITH ${changeRows(
      'channel.rest_ended',
      'ended',
      sql`UPDATE teams_channels c SET paused_until = NULL WHERE paused_until > ${latest}`,
      { entry: { values: { channel: sql`c.key` } } },
    )} SELECT key FROM ended`.execute(db)
  const notifications = await sql`
    WITH ${changeRows(
      'notification.wait_ended',
      'ended',
      sql`
      UPDATE teams_notifications n SET next_attempt_at = clock_timestamp()
       WHERE state = 'pending' AND next_attempt_at > ${latest}`,
    )} SELECT id FROM ended`.execute(db)
  const pagers = await sql`
    WITH ${changeRows(
      'pager.rest_ended',
      'ended',
      sql`
      UPDATE teams_pagers b
         SET paused_until = CASE WHEN paused_until > ${latest} THEN NULL ELSE paused_until END,
             refilled_at = least(refilled_at, clock_timestamp())
       WHERE paused_until > ${latest} OR refilled_at > clock_timestamp() + interval '1 minute'`,
    )} SELECT name FROM ended`.execute(db)
  const pagerAlerts = await sql`
    WITH ${changeRows(
      'pager_alert.wait_ended',
      'ended',
      sql`
      UPDATE teams_pager_alerts g SET next_attempt_at = clock_timestamp() WHERE next_attempt_at > ${latest}`,
    )} SELECT id FROM ended`.execute(db)
  return channels.rows.length + notifications.rows.length + pagers.rows.length + pagerAlerts.rows.length
}
