import type { Kysely } from 'kysely'
import type { Escalation } from '../catalogue/escalation.ts'
import { insertEscalations } from '../store/change-escalations.ts'
import type { EventToEscalate } from '../store/escalations.ts'
import { foldEscalations } from '../store/fold-escalations.ts'
import type { Tables } from '../store/tables.ts'
import { climbingFrom } from './decide.ts'

/** A digest: its event and its notification. */
export interface NewDigest {
  readonly event: Pick<EventToEscalate, 'id' | 'eventType' | 'priority' | 'receivedAt' | 'fingerprint'>
  readonly notificationId: string
  /** Key of its channel. */
  readonly channel: string
}

/**
 * Lets digests climb in place of the events that stand in them, in the transaction that makes the digests: a storm of a thousand
 * events would otherwise call each tier a thousand times. A digest goes on where the event that had climbed furthest stood.
 */
export async function foldIntoDigests(
  transaction: Kysely<Tables>,
  digests: readonly NewDigest[],
  { calendars }: Escalation,
): Promise<void> {
  const folded = await foldEscalations(
    transaction,
    digests.map(({ notificationId }) => notificationId),
  )
  const positions = new Map(folded.map((position) => [position.digestId, position]))
  await insertEscalations(
    transaction,
    digests.flatMap(({ event, notificationId, channel }) => {
      const found = positions.get(notificationId)
      if (found === undefined) return []
      const { tier, round, since } = found
      const plan = { ...found.plan, own: [channel] }
      const { nextAt, heldBy } = climbingFrom({ plan, eventId: event.id }, found, calendars)
      return [
        {
          event: { ...event, dedupKey: undefined },
          plan,
          digestId: notificationId,
          tier,
          round,
          since,
          nextAt,
          heldBy,
        },
      ]
    }),
  )
}
