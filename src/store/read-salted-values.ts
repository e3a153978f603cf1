import { type Kysely, sql } from 'kysely'
import { canonicalJson } from '../kernel/canonical-json.ts'
import type { Tables } from './tables.ts'

/** A stored value with its salt, and the field of entries that has their hash. */
export interface StoredValue {
  /** Id of the event, notification or action, or of the entry, that it belongs to. */
  readonly key: string
  readonly field: string
  readonly salt: string
  readonly value: string
}

/**
 * Reads all values of events, notifications and actions whose hashes stand in entries, and those that belong to entries themselves.
 * Those that were erased have no salt and are not returned.
 */
export async function readSaltedValues(
  db: Kysely<Tables>,
  subjects: readonly string[],
  entryIds: readonly number[],
): Promise<readonly StoredValue[]> {
  const wanted = sql`ANY(${[...subjects]}::uuid[])`
  const { rows } = await sql<StoredValue & { json: boolean }>`
    SELECT e.id::text AS key, v.field, e.salt::text AS salt, v.value, v.field = 'data' AS json
      FROM teams_events e,
           LATERAL (VALUES ('correlation', e.correlation_id), ('who', e.origin), ('data', e.data::text)) v (field, value)
     WHERE e.id = ${wanted} AND e.salt IS NOT NULL AND v.value IS NOT NULL
     UNION ALL
    SELECT n.id::text, v.field, v.salt::text, v.value, v.field IN ('card', 'action_data')
      FROM teams_notifications n,
           LATERAL (VALUES ('error', n.salt, n.error_message), ('address', n.salt, n.webhook_url),
                           ('card', n.card_salt, n.card_payload::text),
                           ('acknowledged_by', n.salt, n.acknowledged_by),
                           ('action_data', n.salt, n.action_data::text)) v (field, salt, value)
     WHERE n.id = ${wanted} AND v.salt IS NOT NULL AND v.value IS NOT NULL
     UNION ALL
    SELECT n.id::text, v.field, n.salt::text, v.value, false
      FROM teams_notifications n JOIN teams_attempts a ON a.notification_id = n.id AND a.created_at = n.created_at,
           LATERAL (VALUES ('message', a.message), ('error', a.message), ('error_code', a.error_code)) v (field, value)
     WHERE n.id = ${wanted} AND n.salt IS NOT NULL AND v.value IS NOT NULL
     UNION ALL
    SELECT r.notification_id::text, 'who', r.salt::text, r.replayed_by, false
      FROM teams_replays r WHERE r.notification_id = ${wanted} AND r.salt IS NOT NULL
     UNION ALL
    SELECT x.id::text, v.field, x.salt::text, v.value, v.field = 'result'
      FROM teams_actions x,
           LATERAL (VALUES ('who', x.actor_name), ('person', x.actor_id), ('relay', x.relayed_by), ('reason', x.reason),
                           ('note', x.note), ('result', x.result::text)) v (field, value)
     WHERE x.id = ${wanted} AND x.salt IS NOT NULL AND v.value IS NOT NULL
     UNION ALL
    SELECT z.event_id::text, 'plan', z.salt::text, z.plan::text, true
      FROM teams_escalations z WHERE z.event_id = ${wanted} AND z.salt IS NOT NULL
     UNION ALL
    SELECT h.id::text, v.field, h.salt::text, v.value, v.field = 'about'
      FROM teams_archive h, LATERAL (VALUES ('subject', h.subject), ('about', h.about::text)) v (field, value)
     WHERE h.id = ${wanted} AND h.salt IS NOT NULL
     UNION ALL
    SELECT v.entry_id::text, v.field, v.salt::text, v.value, false
      FROM teams_audit_values v WHERE v.entry_id = ANY(${[...entryIds]}::bigint[])`.execute(db)
  return rows.map(({ json, value, ...row }) => ({ ...row, value: json ? canonicalJson(JSON.parse(value)) : value }))
}
