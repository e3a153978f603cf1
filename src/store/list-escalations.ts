import { type Kysely, sql } from 'kysely'
import type { EscalationQuery } from '../contract/escalations.ts'
import { GatewayError } from '../kernel/errors.ts'
import { type EscalationRow, type StoredEscalation, toEscalation } from './escalations.ts'
import type { Tables } from './tables.ts'

/** An escalation with the correlation id of its event; null where retention removed that. */
export interface ListedEscalation extends StoredEscalation {
  readonly correlationId: string | null
}

const CURSOR = /^(\d{1,16}|infinity) ([0-9a-f-]{36})$/

/**
 * Lists escalations, the next one due first, those without a time last; one more than `limit` where there are more. Without
 * `state`, those that have not ended.
 *
 * @throws GatewayError `invalid_request` for an invalid cursor
 */
export async function listEscalations(
  db: Kysely<Tables>,
  query: EscalationQuery,
): Promise<readonly ListedEscalation[]> {
  const after = query.cursor === undefined ? undefined : positionOf(query.cursor)
  const nextAt = sql`coalesce(z.next_at, 'infinity')`
  const { rows } = await sql<EscalationRow & { correlation_id: string | null }>`
    SELECT z.*, e.correlation_id FROM teams_escalations z
      LEFT JOIN teams_events e ON e.id = z.event_id AND e.created_at = z.event_created_at
     WHERE ${query.state === undefined ? sql`z.state <> 'ended'` : sql`z.state = ${query.state}`}
       ${query.priority === undefined ? sql`` : sql`AND z.priority = ${query.priority}`}
       ${query.eventType === undefined ? sql`` : sql`AND z.event_type = ${query.eventType}`}
       ${after === undefined ? sql`` : sql`AND (${nextAt}, z.event_id) > (${after.nextAt}::timestamptz, ${after.eventId}::uuid)`}
     ORDER BY ${nextAt}, z.event_id LIMIT ${query.limit + 1}::int`.execute(db)
  return rows.map((row) => ({ ...toEscalation(row), correlationId: row.correlation_id }))
}

/** The cursor of the page after an escalation. */
export function cursorAfter({ nextAt, eventId }: Pick<StoredEscalation, 'nextAt' | 'eventId'>): string {
  return Buffer.from(`${nextAt?.getTime() ?? 'infinity'} ${eventId}`).toString('base64url')
}

function positionOf(cursor: string): { readonly nextAt: string; readonly eventId: string } {
  const [, time = '', eventId = ''] = CURSOR.exec(Buffer.from(cursor, 'base64url').toString()) ?? []
  if (eventId === '')
    throw new GatewayError('invalid_request', [
      { at: 'cursor', found: 'text of another form', expected: 'the next_cursor of an earlier answer' },
    ])
  return { nextAt: time === 'infinity' ? time : new Date(Number(time)).toISOString(), eventId }
}
