import { type Kysely, sql } from 'kysely'
import { CHECKPOINT_TYPE } from '../catalogue/event-types.ts'
import type { Tables } from './tables.ts'

/** True where a checkpoint of the audit trail was sent to Teams today, in UTC, or another transaction is doing it. */
export async function isCheckpointSent(transaction: Kysely<Tables>): Promise<boolean> {
  const { rows } = await sql<{ taken: boolean }>`
    SELECT pg_try_advisory_xact_lock(hashtext('teams_audit_card')) AS taken`.execute(transaction)
  if (!rows[0]?.taken) return true
  const sent = await sql<{ sent: boolean }>`
    SELECT EXISTS (
      SELECT 1 FROM teams_notifications
       WHERE event_type = ${CHECKPOINT_TYPE}
         AND created_at >= date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'
    ) AS sent`.execute(transaction)
  return sent.rows[0]?.sent ?? true
}
