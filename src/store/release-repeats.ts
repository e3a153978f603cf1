import { type RawBuilder, sql } from 'kysely'
import { changeRows } from './state-changes.ts'

/**
 * The part of a step in which a notification has failed: of those that were suppressed as its repeats, the most urgent, then
 * the newest, waits for a card of its own. They were kept back because people would see the first one's card, and now nobody
 * does. Where a digest has failed, the same for each notification that stands in it.
 *
 * In the statement that records the failure, or a gateway that is killed between the two would lose them. Only one of them:
 * a card that no receiver takes would else be tried again for each of a thousand. One that is accepted at this very
 * moment, and has looked before, stays suppressed; the next event makes a card.
 *
 * Looks in all months: a repeat may be of the next one.
 */
export function releaseRepeatsSql(): RawBuilder<unknown> {
  return sql`, unseen AS (
      SELECT f.id, f.created_at FROM attempted f WHERE f.state = 'failed'
       UNION ALL
      SELECT m.id, m.created_at
        FROM attempted f CROSS JOIN LATERAL (
          SELECT n.id, n.created_at FROM teams_notifications n WHERE n.digest_id = f.id ORDER BY n.id LIMIT 5000
        ) m WHERE f.state = 'failed'
    ), heirs AS MATERIALIZED (
      SELECT h.id, h.created_at
        FROM unseen u CROSS JOIN LATERAL (
          SELECT n.id, n.created_at FROM teams_notifications n
           WHERE n.repeat_of = u.id AND n.created_at > u.created_at - interval '1 day'
             AND n.state = 'suppressed' AND n.reason = 'repeat'
           ORDER BY n.priority_rank, n.id DESC LIMIT 1
        ) h
    ), ${changeRows(
      'notification.released',
      'released',
      sql`
      UPDATE teams_notifications n
         SET state = 'pending', reason = 'first_failed', repeat_of = NULL, next_attempt_at = clock_timestamp()
        FROM heirs h WHERE n.id = h.id AND n.created_at = h.created_at AND n.state = 'suppressed'`,
    )}`
}
