import type { BenchDatabase } from '../database.ts'
import type { AcceptedNotification } from '../load/sender.ts'
import type { Arrival } from '../receiver/receiver.ts'

/**
 * When each notification was represented: its own card had come, or the card of the digest that it went into. Whether a
 * card came is read from the receiver, not from the database.
 */
export async function representedBy(
  database: BenchDatabase,
  notifications: readonly AcceptedNotification[],
  arrivals: readonly Arrival[],
): Promise<{ readonly times: readonly number[]; readonly missing: number }> {
  const came = new Map<string, number>()
  for (const { id, at } of arrivals) came.set(id, Math.min(came.get(id) ?? at, at))
  const digestOf = await digests(database)
  const times: number[] = []
  let missing = 0
  for (const { id } of notifications) {
    const at = cardOf(id, came, digestOf)
    if (at === undefined) missing++
    else times.push(at)
  }
  return { times, missing }
}

/** The digest's card where there is one; a digest may itself have gone into another. */
function cardOf(
  id: string,
  came: ReadonlyMap<string, number>,
  digestOf: ReadonlyMap<string, string>,
): number | undefined {
  const seen = new Set<string>()
  for (let at: string | undefined = id; at !== undefined && !seen.has(at); at = digestOf.get(at)) {
    const time = came.get(at)
    if (time !== undefined) return time
    seen.add(at)
  }
  return undefined
}

/** By notification, the notification of the digest that it stands in. */
async function digests(database: BenchDatabase): Promise<ReadonlyMap<string, string>> {
  const rows = await database.query<{ id: string; digest_id: string }>(
    "SELECT id, to_jsonb(n) ->> 'digest_id' AS digest_id FROM teams_notifications n WHERE state = 'digested'",
  )
  return new Map(rows.map((row) => [row.id, row.digest_id]))
}
