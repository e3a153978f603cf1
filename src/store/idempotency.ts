import { type Kysely, sql } from 'kysely'
import type { State } from '../contract/notifications.ts'
import { changeRows } from './state-changes.ts'
import type { Tables } from './tables.ts'

/** A hashed idempotency key, and the new event that wants it or the earlier event that has it. */
export interface KeyClaim {
  readonly keyHash: string
  readonly eventId: string
  /** Salted hash of the event's content; null in rows of an older version. */
  readonly contentHash: string | null
}

/** The answer that an earlier event with the same key was given. */
export interface FirstAnswer {
  readonly eventId: string
  readonly correlationId: string
  readonly notifications: readonly { readonly id: string; readonly channel: string; readonly state: State }[]
}

/**
 * Takes idempotency keys for new events. Waits for an open transaction that takes the same key, so that of two equal
 * requests at once exactly one makes an event.
 *
 * @param lost ids of events that no longer exist: their keys are free
 * @returns the event that has the key, for each key that another event has; not those that expired or were removed
 *   meanwhile
 */
export async function claimKeys(
  db: Kysely<Tables>,
  claims: readonly KeyClaim[],
  ttlSeconds: number,
  lost: readonly string[] = [],
): Promise<ReadonlyMap<string, Omit<KeyClaim, 'keyHash'>>> {
  if (claims.length === 0) return new Map()
  // In the same order everywhere: two requests that share two keys could otherwise deadlock.
  const sorted = [...claims].sort((a, b) => (a.keyHash < b.keyHash ? -1 : 1))
  const rows = sorted.map(({ keyHash, eventId, contentHash }) => ({
    key_hash: keyHash,
    event_id: eventId,
    content_hash: contentHash,
  }))
  // statement_timestamp() and not now(), which is when the transaction began: in a caller's long transaction an expired
  // key would still be known. accepted_at is the event's created_at, with whose month the key is removed.
  const { rows: taken } = await sql<{ key_hash: string }>`
    WITH ${changeRows(
      'key.taken',
      'taken',
      sql`
    INSERT INTO teams_idempotency_keys AS k (key_hash, event_id, content_hash, accepted_at, expires_at)
    SELECT c.key_hash, c.event_id, c.content_hash, now(),
           statement_timestamp() + make_interval(secs => ${ttlSeconds})
      FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS c (key_hash text, event_id uuid, content_hash text)
    ON CONFLICT (key_hash) DO UPDATE
       SET event_id = excluded.event_id, content_hash = excluded.content_hash,
           accepted_at = excluded.accepted_at, expires_at = excluded.expires_at
     WHERE k.expires_at < statement_timestamp() OR k.event_id = ANY(${[...lost]}::uuid[])`,
    )} SELECT key_hash FROM taken`.execute(db)
  const ours = new Set(taken.map((row) => row.key_hash))
  const known = sorted.filter((claim) => !ours.has(claim.keyHash))
  if (known.length === 0) return new Map()
  const eventOf = new Map(known.map(({ keyHash, eventId }) => [keyHash, eventId]))
  const found = await db
    .selectFrom('teams_idempotency_keys')
    .select(['key_hash', 'event_id', 'content_hash'])
    .where('key_hash', 'in', [...eventOf.keys()])
    .execute()
  return new Map(
    found
      // Taken by this event, in an earlier call.
      .filter((row) => row.event_id !== eventOf.get(row.key_hash))
      .map((row) => [row.key_hash, { eventId: row.event_id, contentHash: row.content_hash }]),
  )
}

/** The answers that events were given, with the current states of their notifications. */
export async function firstAnswers(
  db: Kysely<Tables>,
  eventIds: readonly string[],
): Promise<ReadonlyMap<string, FirstAnswer>> {
  if (eventIds.length === 0) return new Map()
  const events = await db
    .selectFrom('teams_events')
    .select(['id', 'correlation_id'])
    .where('id', 'in', [...eventIds])
    .execute()
  const notifications = await db
    .selectFrom('teams_notifications')
    .select(['id', 'event_id', 'channel', 'state'])
    .where('event_id', 'in', [...eventIds])
    .orderBy('id')
    .execute()
  return new Map(
    events.map((event) => [
      event.id,
      {
        eventId: event.id,
        correlationId: event.correlation_id,
        notifications: notifications
          .filter((n) => n.event_id === event.id)
          .map(({ id, channel, state }) => ({ id, channel, state })),
      },
    ]),
  )
}
