import type { Bed } from '../database.ts'
import type { Arrival } from '../receiver/messages.ts'

/**
 * Makes sure that the ceiling did all of it: a ceiling that left something out would make the gateway look slow.
 *
 * @throws Error that says what is missing
 */
export async function checkCeiling(
  bed: Bed,
  arrivals: readonly Arrival[],
  recorded: { readonly notifications: number; readonly bytes: number },
): Promise<void> {
  const [rows] = await bed.query<Record<string, string>>(`
    SELECT (SELECT count(*) FROM teams_notifications) AS notifications,
           (SELECT count(*) FROM teams_notifications
             WHERE state = 'accepted' AND sent_at IS NOT NULL AND card_payload IS NOT NULL AND held_by IS NULL) AS recorded,
           (SELECT count(*) FROM teams_notifications n JOIN teams_events e ON e.id = n.event_id AND e.created_at = n.created_at)
             AS with_event,
           (SELECT count(*) FROM teams_attempts WHERE outcome = 'accepted') AS attempts`)
  const bytes = arrivals.reduce((total, arrival) => total + arrival.bytes, 0)
  const same = new Set(Object.values(rows ?? {})).size === 1
  if (!same || arrivals.length !== recorded.notifications || bytes !== recorded.bytes)
    throw new Error(
      `the ceiling did not do what the gateway did: ${JSON.stringify(rows)}; ${arrivals.length} posts of ${bytes} bytes, the gateway made ${recorded.notifications} of ${recorded.bytes}`,
    )
}
