import { randomUUID } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import type { Language } from '../catalogue/language.ts'
import { actorVia } from '../contract/audit-entries.ts'
import type { AcceptedEvent } from '../contract/events.ts'
import type { State } from '../contract/notifications.ts'
import { canonicalJson } from '../kernel/canonical-json.ts'
import { entryFields, makeNonce, saltedHash } from './entry-sql.ts'
import { changeRows } from './state-changes.ts'
import type { Tables } from './tables.ts'

/** A new notification. */
export interface NewNotification {
  readonly id: string
  readonly eventId: string
  readonly channel: string
  readonly language: Language
  readonly state: State
  readonly reason: string | null
  readonly fingerprint: string
  readonly dedupKey: string | undefined
  readonly silenceId: string | undefined
  readonly repeatOf: string | undefined
}

/** A new event, with what happened to its data before. */
export interface NewEvent {
  readonly event: AcceptedEvent
  /** Declared fields whose values were masked or cut. */
  readonly masked: readonly string[]
  /** Number of fields that were not kept. */
  readonly ignored: number
}

/**
 * Inserts events and their notifications, one statement for each table however many rows there are. All rows of one
 * event have the same `created_at`, the transaction's now(): the partitions depend on it.
 *
 * @returns when the gateway received the events, on the database's clock: the notifications' `received_at`
 */
export async function insertEvents(
  db: Kysely<Tables>,
  rows: {
    readonly events: readonly NewEvent[]
    readonly notifications: readonly NewNotification[]
    readonly origin: string
  },
): Promise<Date> {
  const routed = Map.groupBy(rows.notifications, ({ eventId }) => eventId)
  const events = rows.events.map(({ event }) => ({
    id: event.id,
    event_type: event.eventType,
    correlation_id: event.correlationId,
    priority: event.priority,
    stakeholders: event.stakeholders,
    data: event.data,
    language: event.language ?? null,
    occurred_at: event.occurredAt,
    salt: randomUUID(),
  }))
  const ids = rows.events.map(({ event }) => event.id)
  const nonces = rows.events.map(makeNonce)
  const fields = rows.events.map((fresh, index) =>
    entryFieldsOf(fresh, rows.origin, events[index]?.salt ?? '', routed.get(fresh.event.id) ?? []),
  )
  const written = await sql<{ received_at: Date }>`
    WITH ${changeRows(
      'event.accepted',
      'accepted',
      sql`
      INSERT INTO teams_events AS e (id, event_type, correlation_id, priority, stakeholders, data, language, origin, occurred_at, salt)
      SELECT j.id, j.event_type, j.correlation_id, j.priority, j.stakeholders, j.data, j.language, ${rows.origin}, j.occurred_at, j.salt
        FROM jsonb_to_recordset(${JSON.stringify(events)}::jsonb) AS j (
          id uuid, event_type text, correlation_id text, priority text, stakeholders text[], data jsonb, language text,
          occurred_at timestamptz, salt uuid)`,
      {
        entry: {
          subject: sql`j.id`,
          fields: sql`j.fields`,
          nonce: sql`j.nonce`,
          // Not from the inserted rows, which lack the routing. As lines, which JSON can not have inside; as JSON within JSON
          // they take PostgreSQL twice the time.
          from: sql`unnest(${`{${ids.join()}}`}::uuid[], ${`{${nonces.join()}}`}::text[],
                      string_to_array(${fields.join('\n')}::text, E'\\n')) AS j (id, nonce, fields)`,
        },
      },
    )}
    SELECT statement_timestamp()::timestamptz(3) AS received_at`.execute(db)
  const receivedAt = written.rows[0]?.received_at
  if (!receivedAt) throw new Error('the database wrote events and did not say when')
  if (rows.notifications.length === 0) return receivedAt
  const byId = new Map(rows.events.map(({ event }) => [event.id, event]))
  const notifications = rows.notifications.map((notification) => {
    const event = byId.get(notification.eventId)
    return {
      id: notification.id,
      event_id: notification.eventId,
      correlation_id: event?.correlationId,
      event_type: event?.eventType,
      stakeholders: event?.stakeholders,
      priority: event?.priority,
      channel: notification.channel,
      language: notification.language,
      state: notification.state,
      reason: notification.reason,
      fingerprint: notification.fingerprint,
      dedup_key: notification.dedupKey,
      silence_id: notification.silenceId,
      repeat_of: notification.repeatOf,
    }
  })
  await sql`
    WITH ${changeRows(
      'notification.created',
      'created',
      sql`
      INSERT INTO teams_notifications AS n
        (id, event_id, correlation_id, event_type, stakeholders, priority, channel, language, state, reason, fingerprint,
         dedup_key, silence_id, repeat_of, received_at, salt)
      SELECT j.id, j.event_id, j.correlation_id, j.event_type, j.stakeholders, j.priority, j.channel, j.language, j.state,
             j.reason, j.fingerprint, j.dedup_key, j.silence_id, j.repeat_of, ${receivedAt}::timestamptz,
             gen_random_uuid()
        FROM jsonb_to_recordset(${JSON.stringify(notifications)}::jsonb) AS j (
          id uuid, event_id uuid, correlation_id text, event_type text, stakeholders text[], priority text, channel text,
          language text, state text, reason text, fingerprint text, dedup_key text, silence_id uuid, repeat_of uuid)`,
    )}
    SELECT 1`.execute(db)
  return receivedAt
}

/** The entry of an accepted event. */
function entryFieldsOf(
  { event, masked, ignored }: NewEvent,
  origin: string,
  salt: string,
  notifications: readonly NewNotification[],
): string {
  return entryFields('event.accepted', {
    event: event.id,
    type: event.eventType,
    priority: event.priority,
    language: event.language ?? null,
    correlation: saltedHash(salt, event.correlationId),
    data: saltedHash(salt, canonicalJson(event.data)),
    occurred_at: event.occurredAt,
    masked,
    ignored,
    stakeholders: event.stakeholders,
    notifications: notifications.map((notification) => ({
      id: notification.id,
      channel: notification.channel,
      language: notification.language,
      state: notification.state,
      reason: notification.reason,
      silence: notification.silenceId ?? null,
      repeat_of: notification.repeatOf ?? null,
    })),
    via: actorVia(origin),
    who: saltedHash(salt, origin),
  })
}
