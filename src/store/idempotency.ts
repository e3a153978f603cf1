import { type Kysely, sql } from 'kysely'
import type { State } from '../service/port.ts'
import type { Tables } from './tables.ts'

/** An idempotency key, hashed, and the event that would be its first. */
export interface KeyClaim {
  readonly keyHash: string
  readonly eventId: string
}

/** What an earlier event with the same key was answered. */
export interface FirstAnswer {
  readonly eventId: string
  readonly correlationId: string
  readonly notifications: readonly { readonly id: string; readonly channel: string; readonly state: State }[]
}

/**
 * Takes keys for new events. Waits for a transaction under way that takes the same key, so that of two equal
 * requests at once exactly one makes an event.
 *
 * @returns for each key that was taken before and has not expired, the event that has it
 */
export async function claimKeys(
  db: Kysely<Tables>,
  claims: readonly KeyClaim[],
  ttlSeconds: number,
): Promise<ReadonlyMap<string, string>> {
  if (claims.length === 0) return new Map()
  // In one order everywhere, or two requests that share two keys could wait for each other.
  const sorted = [...claims].sort((a, b) => (a.keyHash < b.keyHash ? -1 : 1))
  const { rows: taken } = await sql<{ key_hash: string }>`
    INSERT INTO teams_idempotency_keys AS k (key_hash, event_id, accepted_at, expires_at)
    SELECT c.key_hash, c.event_id, now(), now() + make_interval(secs => ${ttlSeconds})
      FROM jsonb_to_recordset(${JSON.stringify(sorted.map((c) => ({ key_hash: c.keyHash, event_id: c.eventId })))}::jsonb)
           AS c (key_hash text, event_id uuid)
    ON CONFLICT (key_hash) DO UPDATE
       SET event_id = excluded.event_id, accepted_at = excluded.accepted_at, expires_at = excluded.expires_at
     WHERE k.expires_at < now()
    RETURNING k.key_hash`.execute(db)
  const ours = new Set(taken.map((row) => row.key_hash))
  const known = sorted.filter((claim) => !ours.has(claim.keyHash)).map((claim) => claim.keyHash)
  if (known.length === 0) return new Map()
  const rows = await db
    .selectFrom('teams_idempotency_keys')
    .select(['key_hash', 'event_id'])
    .where('key_hash', 'in', known)
    .execute()
  return new Map(rows.map((row) => [row.key_hash, row.event_id]))
}

/** The answers that events were given, with their notifications as they stand now. */
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
