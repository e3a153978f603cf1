import { type Kysely, sql } from 'kysely'
import type { Priority } from '../catalogue/priority.ts'
import { monthsOf } from './acted-events.ts'
import type { Tables } from './tables.ts'

/** An event that an action acknowledged, and that nobody had acknowledged before. */
export interface FirstAcknowledgement {
  readonly priority: Priority
  /** Keys of its stakeholder groups. */
  readonly stakeholders: readonly string[]
  /** Seconds since its first post; null where none of its cards was posted before. */
  readonly seconds: number | null
}

/**
 * The events that an action acknowledged as the first one. Not the gateway's own events, and not those of which every notification
 * was suppressed, such as repeats.
 */
export async function readFirstAcknowledgements(
  db: Kysely<Tables>,
  actionId: string,
): Promise<readonly FirstAcknowledgement[]> {
  const action = await db
    .selectFrom('teams_actions')
    .select(['event_ids', 'finished_at', 'confirms'])
    .where('id', '=', actionId)
    .executeTakeFirst()
  if (!action?.finished_at) return []
  const { event_ids: ids, finished_at: at, confirms } = action
  const { rows } = await sql<FirstAcknowledgement>`
    SELECT min(n.priority) AS priority, min(n.stakeholders) AS stakeholders,
           CASE WHEN min(n.sent_at) <= ${at}::timestamptz THEN extract(epoch FROM ${at}::timestamptz - min(n.sent_at))::float8 END AS seconds
      FROM teams_notifications n
     WHERE n.event_id = ANY(${ids}::uuid[]) AND ${await monthsOf(db, ids)} AND n.event_type NOT LIKE 'gateway.%'
       AND NOT EXISTS (SELECT 1 FROM teams_actions b
                        WHERE b.event_ids @> ARRAY[n.event_id] AND b.action = 'acknowledge' AND b.state = 'done'
                          AND b.id <> ${actionId}::uuid AND b.id IS DISTINCT FROM ${confirms}::uuid
                          AND b.finished_at <= ${at})
     GROUP BY n.event_id
    HAVING bool_or(n.state <> 'suppressed')`.execute(db)
  return rows
}
