import { describe, expect, it } from 'vitest'
import type { Calendar } from '../catalogue/escalation.ts'
import type { Plan } from '../contract/escalations.ts'
import type { LockedEscalation } from '../store/escalations.ts'
import { climbingFrom, decide } from './decide.ts'

const tier = (channel: string) => ({ after: 1800, channels: [channel], mentions: [], pagers: [] })

const hours: Calendar = {
  name: 'hours',
  timeZone: 'UTC',
  days: ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'],
  hours: [{ from: 8 * 60, to: 17 * 60 }],
  holidays: [],
  exceptions: [],
}
const calendars = new Map([['hours', hours]])

/** A plan of four tiers in working hours, and of fewer outside them. */
const plan: Plan = {
  policy: 'own',
  own: ['runtime_eng'],
  tiers: [tier('first'), tier('second'), tier('third'), tier('fourth')],
  repeat: { times: 0, after: 0 },
  calendar: 'hours',
  outside: { policy: 'night', tiers: [tier('on_call')] },
}

function climbing(given: Pick<LockedEscalation, 'tier' | 'since'> & Partial<LockedEscalation>): LockedEscalation {
  return {
    ...climbingFrom({ plan: given.plan ?? plan, eventId: 'e' }, { ...given, round: 0 }, calendars),
    eventCreatedAt: given.since,
    eventType: 'celery.task.failed',
    priority: 'CRITICAL',
    receivedAt: given.since,
    fingerprint: null,
    policy: 'own',
    plan,
    closed: false,
    discarded: false,
    membersAcknowledgedAt: null,
    acknowledged: false,
    event: { correlationId: 'c', stakeholders: [], language: null, data: {} },
    ...given,
  }
}

it('ends where the event was resolved or discarded', () => {
  const since = new Date('2026-11-29T10:00:00Z')
  expect(decide(climbing({ tier: 1, since, closed: true }), since, calendars)).toEqual({ kind: 'end', why: 'resolved' })
  const discarded = climbing({ tier: 1, since, discarded: true })
  expect(decide(discarded, since, calendars)).toEqual({ kind: 'end', why: 'discarded' })
})

describe('a tier whose wait working hours end in', () => {
  const since = new Date('2026-11-29T16:50:00Z')
  const now = new Date('2026-11-29T17:20:00Z')

  it('is the first of the other policy, where that has no tier of its number', () => {
    expect(decide(climbing({ tier: 3, since }), now, calendars)).toMatchObject({ kind: 'call', step: { tier: 2 } })
  })

  it('is that of the other policy with its number, where that has one', () => {
    expect(decide(climbing({ tier: 1, since }), now, calendars)).toMatchObject({ kind: 'call', step: { tier: 2 } })
    const long = { ...plan, outside: { policy: 'night', tiers: [tier('a'), tier('b'), tier('c')] } }
    expect(decide(climbing({ tier: 2, since, plan: long }), now, calendars)).toMatchObject({ step: { tier: 3 } })
  })

  it('waits for the morning, where nobody is called outside working hours', () => {
    const quiet = { ...plan, outside: { policy: 'night', tiers: [] } }
    const morning = new Date('2026-11-30T08:00:00Z')
    const held = climbing({ tier: 3, since, plan: quiet })
    expect(decide(held, now, calendars)).toMatchObject({ kind: 'hold', next: { at: morning, heldBy: 'hours' } })
    expect(decide(held, morning, calendars)).toMatchObject({ kind: 'call', step: { tier: 4 } })
  })
})
