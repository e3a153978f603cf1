import { type Kysely, sql } from 'kysely'
import type { Tables } from './tables.ts'

/** What makes two notifications repeats of each other. */
export interface DedupKey {
  readonly dedupKey: string
  readonly eventType: string
  readonly channel: string
}

/** A {@link DedupKey} as the key of a map. */
export function dedupName({ dedupKey, eventType, channel }: DedupKey): string {
  return `${dedupKey} ${channel} ${eventType}`
}

/**
 * For each key, the notification that an event with it repeats: the last one that made a card, or will, at most
 * `windowSeconds` ago, and that is neither acknowledged nor resolved. One that failed is not repeated: its card is
 * missing, and the next event shall make one.
 *
 * Each key is looked up by itself: in one join, PostgreSQL would read all that the months hold of the keys' types, and ask
 * of each whether it is resolved.
 *
 * It only reads, and waits for nobody: two that are accepted at the same moment both make a card.
 *
 * @param roughly a time before the window by any clock, from which the database knows which months it need not open
 * @returns ids by {@link dedupName}
 */
export async function findRepeated(
  db: Kysely<Tables>,
  keys: readonly DedupKey[],
  windowSeconds: number,
  roughly: Date,
): Promise<ReadonlyMap<string, string>> {
  if (keys.length === 0) return new Map()
  const wanted = keys.map(({ dedupKey, eventType, channel }) => ({
    dedup_key: dedupKey,
    event_type: eventType,
    channel,
  }))
  const { rows } = await sql<{ id: string; dedup_key: string; event_type: string; channel: string }>`
    SELECT last.id, k.dedup_key, k.event_type, k.channel
      FROM jsonb_to_recordset(${JSON.stringify(wanted)}::jsonb) AS k (dedup_key text, event_type text, channel text)
     CROSS JOIN LATERAL (
       SELECT n.id FROM teams_notifications n
        WHERE n.dedup_key = k.dedup_key AND n.channel = k.channel AND n.event_type = k.event_type
          AND n.created_at > ${roughly} AND n.created_at > now() - ${windowSeconds}::float8 * interval '1 second'
          AND n.repeat_of IS NULL AND n.acknowledged_at IS NULL AND n.state NOT IN ('failed', 'suppressed')
          AND teams_resolved_by(n) IS NULL
        ORDER BY n.created_at DESC LIMIT 1
     ) last`.execute(db)
  return new Map(
    rows.map((row) => [
      dedupName({ dedupKey: row.dedup_key, eventType: row.event_type, channel: row.channel }),
      row.id,
    ]),
  )
}

/** An event that says of others, of `eventType` and about the same, that they are over. */
export interface Resolution {
  readonly dedupKey: string
  readonly eventType: string
  readonly eventId: string
}

/** Writes down that events are over. */
export async function insertResolutions(db: Kysely<Tables>, resolutions: readonly Resolution[]): Promise<void> {
  if (resolutions.length === 0) return
  await db
    .insertInto('teams_resolutions')
    .values(
      resolutions.map(({ dedupKey, eventType, eventId }) => ({
        dedup_key: dedupKey,
        event_type: eventType,
        event_id: eventId,
      })),
    )
    .execute()
}
