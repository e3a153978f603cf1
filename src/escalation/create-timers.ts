import type { Kysely } from 'kysely'
import { isOwnType } from '../catalogue/event-types.ts'
import { dataKeysOf } from '../intake/silences/match.ts'
import { insertEscalations, saveEscalations } from '../store/change-escalations.ts'
import { type EventToEscalate, type LockedEscalation, lockEscalations } from '../store/escalations.ts'
import { readClock, readOpenSilences } from '../store/silences.ts'
import type { Tables } from '../store/tables.ts'
import { acknowledgedAt } from './acknowledgement.ts'
import { callTiers, reachesSomebody } from './call-tiers.ts'
import { climbingFrom, endedAs, goingOn } from './decide.ts'
import { followMembers } from './follow-members.ts'
import { tierAt, tierCount } from './next-step.ts'
import type { EscalationOptions } from './options.ts'
import { planFor } from './plan.ts'
import { reportCalled } from './report.ts'
import type { Climb, EscalationTimers, NextClimb } from './timers.ts'

/**
 * Makes the timers of a gateway with policies.
 *
 * @param options.now the time, on the database's clock if absent
 */
export function createTimers(
  options: EscalationOptions & { readonly now?: (() => Date) | undefined },
): EscalationTimers {
  const { escalation } = options.catalogue
  const { calendars } = escalation
  const clock = async (transaction: Kysely<Tables>) => options.now?.() ?? (await readClock(transaction))

  function begin(event: EventToEscalate) {
    const plan = isOwnType(event.eventType) ? undefined : planFor(escalation, event, event.channels)
    if (plan === undefined) return []
    const position = { tier: 1, round: 0, since: event.receivedAt }
    const { nextAt, heldBy } = climbingFrom({ plan, eventId: event.id }, position, calendars)
    return [{ ...position, event, plan, nextAt, heldBy, digestId: undefined }]
  }

  async function move(
    transaction: Kysely<Tables>,
    kind: 'acknowledged' | 'resumed',
    eventIds: readonly string[],
    of: (escalation: LockedEscalation, now: Date) => ReturnType<typeof goingOn> | undefined,
  ): Promise<readonly NextClimb[]> {
    if (eventIds.length === 0) return []
    const locked = await lockEscalations(transaction, { eventIds })
    const now = await clock(transaction)
    const changed = locked.flatMap((one) => of(one, now) ?? [])
    await saveEscalations(transaction, kind, changed)
    return changed.map(({ eventId, nextAt, ackExpiresAt }) => ({ eventId, at: ackExpiresAt ?? nextAt }))
  }

  return {
    async start(transaction, events) {
      await insertEscalations(transaction, events.flatMap(begin))
    },
    async acknowledged(transaction, eventIds, at) {
      const next = await move(transaction, 'acknowledged', eventIds, (one, now) =>
        one.state === 'ended' ? undefined : acknowledgedAt(one, at ?? now, options),
      )
      // After the escalations are locked, as in a tick: in the other order, the two would wait for each other.
      await options.tellPagers(transaction, eventIds, 'acknowledge')
      return next
    },
    resumed: (transaction, eventIds) =>
      move(transaction, 'resumed', eventIds, (one, now) =>
        one.state === 'acknowledged' || (one.state === 'ended' && one.reason === 'discarded' && !one.closed)
          ? goingOn(one, now, calendars)
          : undefined,
      ),
    async ended(transaction, eventIds, why) {
      if (eventIds.length === 0) return
      const locked = await lockEscalations(transaction, { eventIds })
      const now = await clock(transaction)
      await saveEscalations(
        transaction,
        'ended',
        locked.filter(({ state }) => state !== 'ended').map((one) => endedAs(one, why, now)),
      )
      await options.tellPagers(transaction, eventIds, 'resolve')
    },
    membersActed: (transaction, eventIds, why) => followMembers(transaction, eventIds, why, options, clock),
    async climb(transaction, eventId, tier): Promise<Climb> {
      const silences = await readOpenSilences(transaction)
      const dataKeys = dataKeysOf(silences.flatMap(({ silence }) => silence.matchers))
      const [locked] = await lockEscalations(transaction, { eventIds: [eventId] }, dataKeys)
      if (locked === undefined) return { called: false, why: 'no_policy' }
      if (locked.state === 'ended' || locked.closed) return { called: false, why: 'not_open' }
      const now = await clock(transaction)
      const wanted = tier ?? tierAt(locked.plan, { tier: locked.tier + 1 }, locked.since, now, calendars)
      if (wanted > tierCount(locked.plan, now, calendars)) return { called: false, why: 'no_such_tier' }
      const due = [{ escalation: locked, step: { tier: wanted, round: locked.round } }]
      const context = { now, silences, byHand: true }
      if (!due.some((one) => reachesSomebody(one, context, options))) return { called: false, why: 'reached_nobody' }
      const [last] = await callTiers(transaction, due, context, options)
      if (last === undefined) return { called: false, why: 'no_such_tier' }
      reportCalled([last], options)
      const { called } = last
      return {
        called: true,
        tier: called.tier,
        channels: called.notifications.map(({ channel }) => channel),
        pagers: called.pagers,
      }
    },
  }
}
