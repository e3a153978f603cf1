import { type Kysely, sql } from 'kysely'
import { hashSql } from './entry-sql.ts'
import { changeRows } from './state-changes.ts'
import type { Tables } from './tables.ts'

/** The key that notifications share where one repeats the other. */
export interface DedupKey {
  readonly dedupKey: string
  readonly eventType: string
  readonly channel: string
}

/** A {@link DedupKey} as the key of a map. */
export function dedupName({ dedupKey, eventType, channel }: DedupKey): string {
  return `${dedupKey} ${channel} ${eventType}`
}

/** A notification that another may repeat. */
export interface Repeatable {
  readonly id: string
  /** 0 is the most urgent, as in `rankOf`. */
  readonly rank: number
}

/** For how long an event that happens again makes no card, in seconds. */
export interface RepeatTimes {
  /** After the first event, while nobody has acknowledged it. */
  readonly window: number
  /** After the first event was acknowledged, by its priority. */
  readonly acknowledged: { readonly CRITICAL: number; readonly HIGH: number; readonly MEDIUM: number }
}

/** Milliseconds after which a card's repeats are no longer suppressed, however late it was acknowledged. */
const OLDEST_CARD_MS = 31 * 86_400_000
/** Milliseconds by which this process's clock and the database's may differ without a repeat being missed. */
const CLOCKS_DIFFER_MS = 86_400_000
/**
 * Notifications of one key that are read, the newest first. Where a key has more of them in a month that each make a
 * card (an INFO a minute, for example), a repeat of an older one gets a card too.
 */
const MAX_ROWS_READ = 200

/**
 * Finds, for each key, the notification that an event with this key repeats, which must be:
 *
 * - seen, or going to be: `pending`, `sending`, `accepted` or `posted`, or in a digest that is. Not one that was
 *   suppressed, and not one that failed, because the next event must make the missing card;
 * - open: not resolved, and either not acknowledged and no older than the window, or acknowledged, and the
 *   acknowledgement has not expired; or discarded, until the time that the person chose.
 *
 * Of several the most urgent, then the newest. The caller compares the priorities.
 *
 * Each key is looked up by itself, and reads its last resolution and at most {@link MAX_ROWS_READ} notifications: a key
 * that flaps has thousands of both. It locks nothing: two events that are accepted at the same moment both make a card.
 *
 * @param now this process's time, by which PostgreSQL excludes months
 * @returns by {@link dedupName}
 */
export async function findRepeated(
  db: Kysely<Tables>,
  keys: readonly DedupKey[],
  times: RepeatTimes,
  now: Date,
): Promise<ReadonlyMap<string, Repeatable>> {
  // A thousand events of one call are often about the same.
  const wanted = new Map(
    keys.map((key) => [dedupName(key), { dedup_key: key.dedupKey, event_type: key.eventType, channel: key.channel }]),
  )
  if (wanted.size === 0) return new Map()
  const { window, acknowledged } = times
  const earliest = new Date(now.getTime() - Math.max(window * 1000, OLDEST_CARD_MS) - CLOCKS_DIFFER_MS)
  const latest = new Date(now.getTime() + CLOCKS_DIFFER_MS)
  // Not now(), which is when the transaction began: in a caller's long one, a window that is over would still last.
  const { rows } = await sql<{ id: string; rank: number; dedup_key: string; event_type: string; channel: string }>`
    SELECT first.id, first.rank, k.dedup_key, k.event_type, k.channel
      FROM jsonb_to_recordset(${JSON.stringify([...wanted.values()])}::jsonb)
           AS k (dedup_key text, event_type text, channel text)
      LEFT JOIN LATERAL (
        SELECT r.created_at, r.event_id FROM teams_resolutions r
         WHERE r.dedup_key = k.dedup_key AND r.event_type = k.event_type
         ORDER BY r.created_at DESC, r.event_id DESC LIMIT 1
      ) resolved ON true
     CROSS JOIN LATERAL (
       SELECT n.id, n.priority_rank AS rank
         FROM (
           SELECT n.id, n.event_id, n.event_type, n.priority_rank, n.state, n.digest_id, n.action_taken,
                  n.quiet_until, n.acknowledged_at, n.created_at, coalesce(n.received_at, n.created_at) AS received_at
             FROM teams_notifications n
            WHERE n.dedup_key = k.dedup_key AND n.channel = k.channel AND n.repeat_of IS NULL
              AND n.created_at > ${earliest} AND n.created_at < ${latest}
            ORDER BY n.created_at DESC LIMIT ${MAX_ROWS_READ}::int
         ) n
        WHERE n.event_type = k.event_type
          AND (n.state IN ('pending', 'sending', 'accepted', 'posted')
               OR n.state = 'digested' AND EXISTS (
                 SELECT 1 FROM teams_notifications d
                  WHERE d.id = n.digest_id AND d.created_at >= n.created_at AND d.created_at < ${latest}
                    AND d.state IN ('pending', 'sending', 'accepted', 'posted')))
          AND (resolved.event_id IS NULL
               OR (n.received_at, n.event_id) > (resolved.created_at, resolved.event_id))
          AND CASE WHEN n.action_taken = 'discard' THEN n.quiet_until
                   WHEN n.acknowledged_at IS NULL THEN n.received_at + ${window}::float8 * interval '1 second'
                   ELSE n.acknowledged_at + interval '1 second' *
                        CASE n.priority_rank WHEN 0 THEN ${acknowledged.CRITICAL}::float8
                                             WHEN 1 THEN ${acknowledged.HIGH}::float8
                                             ELSE ${acknowledged.MEDIUM}::float8 END
              END > statement_timestamp()
        ORDER BY n.priority_rank, n.created_at DESC LIMIT 1
     ) first`.execute(db)
  return new Map(
    rows.map(({ id, rank, ...row }) => [
      dedupName({ dedupKey: row.dedup_key, eventType: row.event_type, channel: row.channel }),
      { id, rank },
    ]),
  )
}

/** An event that resolves earlier ones of `eventType` with the same dedup key. */
export interface Resolution {
  readonly dedupKey: string
  readonly eventType: string
  readonly eventId: string
}

/**
 * Inserts resolutions.
 *
 * @param receivedAt when the resolving event was received, as `insertEvents` returned it. It resolves events received
 *   before, and none received later, whenever either transaction began
 */
export async function insertResolutions(
  db: Kysely<Tables>,
  resolutions: readonly Resolution[],
  receivedAt: Date,
): Promise<void> {
  if (resolutions.length === 0) return
  await sql`
    WITH ${changeRows(
      'event.resolved',
      'resolved',
      sql`
      INSERT INTO teams_resolutions AS r (dedup_key, event_type, event_id, created_at, salt)
      SELECT j."dedupKey", j."eventType", j."eventId", ${receivedAt}::timestamptz, gen_random_uuid()
        FROM jsonb_to_recordset(${JSON.stringify(resolutions)}::jsonb) AS j ("dedupKey" text, "eventType" text, "eventId" uuid)`,
      {
        returning: sql`r.dedup_key, r.created_at, r.salt`,
        entry: {
          values: {
            event: sql`r.event_id`,
            type: sql`r.event_type`,
            key: hashSql(sql`r.salt`, sql`r.dedup_key`),
            resolved_at: sql`r.created_at`,
          },
        },
      },
    )} SELECT 1`.execute(db)
}
