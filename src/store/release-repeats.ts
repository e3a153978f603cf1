import { type RawBuilder, sql } from 'kysely'
import { changeRows } from './state-changes.ts'

/**
 * SQL that releases repeats of failed notifications, for a statement with a CTE `attempted`. Of the notifications that
 * were suppressed as repeats of a failed one, the most urgent, then the newest, becomes `pending`: they were suppressed
 * because people would see the first one's card, and now nobody does. For a failed digest, the same for each digested
 * notification.
 *
 * It is part of the statement that records the failure, because a gateway that is killed between two statements would
 * lose the repeats. Only one repeat is released: a card that no receiver accepts would otherwise be tried for each of a
 * thousand. A repeat that is accepted at the same moment, and has already read the first one's state, stays suppressed;
 * the next event makes a card.
 *
 * Reads all months: a repeat may be in the next one.
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
      { entry: { values: {} } },
    )}`
}
