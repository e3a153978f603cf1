import { describe, expect, it } from 'vitest'
import type { ActedNotification } from '../store/acted-events.ts'
import { columnsAfter } from './acted-columns.ts'
import { type DecideOptions, decide } from './decide.ts'
import { type EventState, statesOf } from './event-state.ts'

const NOW = new Date('2026-11-30T08:00:00Z')
const ago = (seconds: number) => new Date(NOW.getTime() - seconds * 1_000)
const LIVES = { CRITICAL: 3_600, HIGH: 14_400, MEDIUM: 86_400 }
const OPTIONS: DecideOptions = { now: NOW, restoreWindow: 600, tier: null, notificationId: null }

const notification = (overrides: Partial<ActedNotification> = {}): ActedNotification => ({
  id: 'n1',
  event_id: 'e1',
  created_at: ago(7_200),
  correlation_id: 'c1',
  event_type: 'vault.seal.detected',
  priority: 'CRITICAL',
  stakeholders: ['sre'],
  channel: 'sre',
  language: 'en',
  state: 'accepted',
  repeat_of: null,
  acknowledged_by: null,
  acknowledged_at: null,
  action_taken: null,
  action_data: null,
  quiet_until: null,
  resolved: false,
  calling: false,
  ...overrides,
})
const stateOf = (...rows: Partial<ActedNotification>[]): EventState => {
  const [state] = statesOf(rows.map(notification), LIVES, NOW)
  return state ?? expect.fail('no state')
}
const acted = (action_taken: string, at: Date, more: Partial<ActedNotification> = {}) => ({
  action_taken,
  action_data: { by: 'Sara', at: at.toISOString(), after: [] },
  ...more,
})

describe('an acknowledgement', () => {
  it.each([
    ['CRITICAL', 3_599, false],
    ['CRITICAL', 3_600, true],
    ['HIGH', 14_399, false],
    ['MEDIUM', 86_399, false],
    ['INFO', 86_400, true],
  ] as const)('of a %s event that is %i seconds old can be made again: %s', (priority, seconds, again) => {
    const state = stateOf({ priority, acknowledged_by: 'Sara', acknowledged_at: ago(seconds) })
    expect(decide('acknowledge', state, OPTIONS).done).toBe(again)
    expect(decide('unacknowledge', state, OPTIONS).done).toBe(!again)
  })

  it('names who was first', () => {
    const state = stateOf({ acknowledged_by: 'Sara', acknowledged_at: ago(10) })
    expect(decide('acknowledge', state, OPTIONS)).toEqual({
      done: false,
      code: 'already_acknowledged',
      data: { by: 'Sara', at: ago(10).toISOString() },
    })
  })

  it('of one row is that of the event: the card of a later tier has none', () => {
    const state = stateOf({ acknowledged_by: 'Sara', acknowledged_at: ago(10) }, { id: 'n2', channel: 'devops' })
    expect(decide('acknowledge', state, OPTIONS)).toMatchObject({ code: 'already_acknowledged' })
  })
})

describe('a discarded event', () => {
  const state = (at: Date) => stateOf(acted('discard', at), { id: 'n2' })

  it.each(['acknowledge', 'unacknowledge', 'escalate', 'replay', 'retry', 'poll'] as const)('takes no %s', (action) => {
    expect(decide(action, state(ago(10)), OPTIONS)).toMatchObject({
      done: false,
      code: 'discarded',
      data: { by: 'Sara' },
    })
  })

  it('can be restored within the window, and not after it', () => {
    expect(decide('restore', state(ago(600)), OPTIONS).done).toBe(true)
    expect(decide('restore', state(ago(601)), OPTIONS)).toMatchObject({ code: 'restore_too_late' })
    expect(decide('restore', stateOf({}), OPTIONS)).toMatchObject({ code: 'not_discarded' })
  })
})

describe('an escalation', () => {
  it.each([
    [59, null, false],
    [60, null, true],
    [1, 3, true],
  ])('%i seconds after another one, of the tier %s, is done: %s', (seconds, tier, done) => {
    expect(decide('escalate', stateOf(acted('escalate', ago(seconds))), { ...OPTIONS, tier }).done).toBe(done)
  })
})

describe('a replay', () => {
  it('needs a notification that failed: the one that was named, or any of the event', () => {
    const state = stateOf({ state: 'failed' }, { id: 'n2', channel: 'devops' })
    expect(decide('replay', state, OPTIONS).done).toBe(true)
    expect(decide('replay', state, { ...OPTIONS, notificationId: 'n1' }).done).toBe(true)
    expect(decide('replay', state, { ...OPTIONS, notificationId: 'n2' })).toMatchObject({ code: 'not_failed' })
  })

  it('of a resolved event is done, as somebody may want its card', () => {
    expect(decide('replay', stateOf({ state: 'failed', resolved: true }), OPTIONS).done).toBe(true)
    expect(decide('discard', stateOf({ resolved: true }), OPTIONS)).toMatchObject({ code: 'resolved' })
  })
})

describe('the columns after an action', () => {
  const done = {
    id: 'a1',
    action: 'discard',
    actor: { via: 'entra', id: 'id', name: null, verified: true, roles: [], relayedBy: null },
    at: NOW,
    reason: 'a drill',
    note: null,
    tier: null,
    quietUntil: ago(-60),
  } as const

  it('have the acknowledgement that was there, and 20 names of earlier actions at most', () => {
    const row = notification({
      acknowledged_by: 'Omar',
      acknowledged_at: ago(10),
      ...acted('escalate', ago(5)),
      action_data: { after: Array.from({ length: 25 }, (_, index) => `a${index}`) },
    })
    const { data, ...columns } = columnsAfter(row, done)
    expect(columns).toMatchObject({ acknowledgedBy: 'Omar', acknowledgedAt: ago(10), quietUntil: ago(-60) })
    expect(data).toMatchObject({ action_id: 'a1', by: 'id', verified: true, reason: 'a drill' })
    expect(data.after).toEqual([...Array.from({ length: 19 }, (_, index) => `a${index + 6}`), 'escalate'])
    expect(data).not.toHaveProperty('note')
  })
})
