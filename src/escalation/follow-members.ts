import type { Kysely } from 'kysely'
import { saveEscalations } from '../store/change-escalations.ts'
import { type EscalationChange, type LockedEscalation, lockEscalations } from '../store/escalations.ts'
import type { Tables } from '../store/tables.ts'
import { acknowledgedAt } from './acknowledgement.ts'
import { endedAs, goingOn } from './decide.ts'
import type { EscalationOptions } from './options.ts'

/** What becomes of a digest's escalation after an action on events that stand in it. */
type Followed = readonly ['ended' | 'acknowledged' | 'resumed', EscalationChange]

/**
 * Changes the escalations of the digests in which events stand, after an action on these. A digest that the action was done to itself
 * is left as it is.
 */
export async function followMembers(
  transaction: Kysely<Tables>,
  eventIds: readonly string[],
  why: 'discarded' | 'resolved',
  options: EscalationOptions,
  clock: (transaction: Kysely<Tables>) => Promise<Date>,
): Promise<void> {
  if (eventIds.length === 0) return
  const locked = await lockEscalations(transaction, { digestsOf: eventIds })
  const digestIds = locked.map(({ eventId }) => eventId).filter((id) => !eventIds.includes(id))
  if (digestIds.length === 0) return
  // Read once more: the lock may have waited for an action on another event of the digest, which the first statement does not see.
  const digests = await lockEscalations(transaction, { eventIds: digestIds })
  const now = await clock(transaction)
  const followed = digests.flatMap((digest) => follow(digest, now, why, options))
  for (const kind of ['ended', 'acknowledged', 'resumed'] as const) {
    const changed = followed.flatMap(([is, change]) => (is === kind ? [change] : []))
    await saveEscalations(transaction, kind, changed)
    if (kind === 'resumed' || changed.length === 0) continue
    await options.tellPagers(
      transaction,
      changed.map(({ eventId }) => eventId),
      kind === 'ended' ? 'resolve' : 'acknowledge',
    )
  }
}

function follow(
  digest: LockedEscalation,
  now: Date,
  why: 'discarded' | 'resolved',
  options: EscalationOptions,
): readonly Followed[] {
  const { state, closed, membersAcknowledgedAt: at, since, event } = digest
  // Removed by retention.
  if (event === undefined) return []
  if (closed) return state === 'ended' ? [] : [['ended', endedAs(digest, why, now)]]
  if (at !== null)
    return state === 'acknowledged' && since >= at ? [] : [['acknowledged', acknowledgedAt(digest, at, options)]]
  return state === 'climbing' ? [] : [['resumed', goingOn(digest, now, options.catalogue.escalation.calendars)]]
}
