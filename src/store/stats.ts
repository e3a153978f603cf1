import { type Kysely, sql } from 'kysely'
import { PRIORITIES, type Priority } from '../catalogue/priority.ts'
import type { Stats, StatsPeriod } from '../contract/stats.ts'
import type { Tables } from './tables.ts'

/**
 * Reads the figures of a period from the record, in five statements. Notifications count by when they were accepted, attempts by
 * when they ended, acknowledgements by the first post of their event.
 *
 * An event counts as acknowledged while its acknowledgement holds, or where it held when the event was resolved or discarded. The
 * time to acknowledge is that of the first acknowledgement, also where this one has expired or was taken back: how fast somebody
 * answered does not depend on what came of it.
 *
 * What was kept back (a mute, a silence, a repeat) was not to be sent, and a member of a digest stands on the card of the digest:
 * neither counts as delivered or failed.
 */
export async function readStats(db: Kysely<Tables>, { since, until }: StatsPeriod): Promise<Stats> {
  const counts = await sql<{ delivered: number; failed: number; waiting: number }>`
    SELECT count(*) FILTER (WHERE state IN ('accepted', 'posted'))::int AS delivered,
           count(*) FILTER (WHERE state = 'failed')::int AS failed,
           count(*) FILTER (WHERE state IN ('pending', 'sending'))::int AS waiting
      FROM teams_notifications
     WHERE created_at >= ${since}::timestamptz AND created_at < ${until}::timestamptz`.execute(db)
  const attempts = await sql<{
    attempts: number
    repeated: number
    p50: number | null
    p95: number | null
    p99: number | null
  }>`
    SELECT count(*)::int AS attempts, count(*) FILTER (WHERE attempt > 1)::int AS repeated,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS p50,
           percentile_cont(0.95) WITHIN GROUP (ORDER BY seconds) AS p95,
           percentile_cont(0.99) WITHIN GROUP (ORDER BY seconds) AS p99
      FROM (SELECT attempt,
                   CASE WHEN status_code IS NOT NULL
                        THEN extract(epoch FROM finished_at - started_at)::float8 END AS seconds
              FROM teams_attempts
             WHERE finished_at >= ${since}::timestamptz AND finished_at < ${until}::timestamptz
               AND ${nearSql({ since, until })}) a`.execute(db)
  const byPriority = await sql<{ priority: Priority; events: number; acknowledged: number; mean: number | null }>`
    WITH ${eventsSql({ since, until })}, answered AS (
      SELECT u.id, min(x.finished_at) AS first_at FROM teams_actions x CROSS JOIN LATERAL unnest(x.event_ids) AS u (id)
       WHERE x.requested_at >= ${since}::timestamptz - interval '7 days' AND x.action = 'acknowledge' AND x.state = 'done'
       GROUP BY u.id
    )
    SELECT priority, count(*)::int AS events, count(acknowledged_at)::int AS acknowledged,
           avg(extract(epoch FROM least(acknowledged_at, first_at) - sent_at))::float8 AS mean
      FROM sent_events LEFT JOIN answered ON answered.id = event_id GROUP BY priority`.execute(db)
  const byGroup = await sql<{ stakeholder: string; events: number; acknowledged: number }>`
    WITH ${eventsSql({ since, until })}
    SELECT s.stakeholder, count(*)::int AS events, count(acknowledged_at)::int AS acknowledged
      FROM sent_events, unnest(stakeholders) AS s (stakeholder)
     WHERE priority IN ('CRITICAL', 'HIGH', 'MEDIUM')
     GROUP BY s.stakeholder ORDER BY s.stakeholder`.execute(db)
  const unacknowledged = await sql<{ count: number }>`
    SELECT count(DISTINCT n.event_id)::int AS count
      FROM teams_notifications_unacknowledged_critical v JOIN teams_notifications n ON n.id = v.id
     WHERE v.priority = 'CRITICAL'`.execute(db)

  const { delivered = 0, failed = 0, waiting = 0 } = counts.rows[0] ?? {}
  const { attempts: made = 0, repeated = 0, p50 = null, p95 = null, p99 = null } = attempts.rows[0] ?? {}
  const share = (part: number, whole: number) => (whole === 0 ? null : part / whole)
  return {
    since,
    until,
    deliveryRate: share(delivered, delivered + failed),
    delivered,
    failed,
    waiting,
    attempts: made,
    retryRate: share(repeated, made),
    latency: { p50, p95, p99 },
    acknowledgements: PRIORITIES.flatMap((priority) => {
      const row = byPriority.rows.find((found) => found.priority === priority)
      return row ? [{ priority, events: row.events, acknowledged: row.acknowledged, meanSeconds: row.mean }] : []
    }),
    stakeholders: byGroup.rows.map((row) => ({ ...row, share: share(row.acknowledged, row.events) })),
    unacknowledgedCritical: unacknowledged.rows[0]?.count ?? 0,
  }
}

/**
 * SQL of the events whose first card was posted in the period, each once however many channels have it: the earliest post, and the
 * acknowledgement, which all its notifications share. Digests and follow-ups of the gateway ask nobody to acknowledge.
 */
function eventsSql({ since, until }: StatsPeriod) {
  return sql`sent_events AS (
      SELECT event_id, min(priority) AS priority, min(stakeholders) AS stakeholders, min(sent_at) AS sent_at,
             min(acknowledged_at) AS acknowledged_at
        FROM teams_notifications
       WHERE ${nearSql({ since, until })} AND sent_at IS NOT NULL AND event_type NOT LIKE 'gateway.%'
       GROUP BY event_id
      HAVING min(sent_at) >= ${since}::timestamptz AND min(sent_at) < ${until}::timestamptz
    )`
}

/** SQL: accepted at most a week before the period. Retries end sooner; without it every month of the record would be read. */
function nearSql({ since, until }: StatsPeriod) {
  return sql`created_at >= ${since}::timestamptz - interval '7 days' AND created_at < ${until}::timestamptz`
}
