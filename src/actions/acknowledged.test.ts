import { describe, expect, it } from 'vitest'
import type { ActedNotification } from '../store/acted-events.ts'
import { decide } from './decide.ts'
import { statesOf } from './event-state.ts'

const at = new Date('2026-11-29T10:00:00Z')
const LIVES = { CRITICAL: 3_600, HIGH: 14_400, MEDIUM: 0 }

const acknowledged: ActedNotification = {
  id: 'n',
  event_id: 'e',
  created_at: at,
  correlation_id: 'c',
  event_type: 'celery.worker.offline',
  priority: 'CRITICAL',
  stakeholders: [],
  channel: 'sre',
  language: 'en',
  state: 'accepted',
  repeat_of: null,
  acknowledged_by: 'Sara',
  acknowledged_at: at,
  action_taken: 'acknowledge',
  action_data: { by: 'Sara', at: at.toISOString() },
  quiet_until: null,
  resolved: false,
  calling: false,
}

/** What acknowledging does so many minutes after the first acknowledgement. */
function acknowledge(minutes: number, given: Partial<ActedNotification> = {}) {
  const now = new Date(at.getTime() + minutes * 60_000)
  const [state] = statesOf([{ ...acknowledged, ...given }], LIVES, now)
  if (state === undefined) throw new Error('no state')
  return decide('acknowledge', state, { now, restoreWindow: 60, tier: null, notificationId: null })
}

describe('an event that is acknowledged', () => {
  it('is not acknowledged again until that expires', () => {
    expect(acknowledge(59)).toMatchObject({ done: false, code: 'already_acknowledged' })
    expect(acknowledge(60)).toEqual({ done: true })
  })

  it('stays acknowledged where its acknowledgements never expire', () => {
    const state = statesOf([{ ...acknowledged, priority: 'MEDIUM' }], LIVES, new Date('2027-11-29T10:00:00Z'))[0]
    expect(state?.acknowledged).toEqual({ by: 'Sara', at, until: null })
    expect(acknowledge(600_000, { priority: 'MEDIUM' })).toMatchObject({ code: 'already_acknowledged' })
  })

  it('is acknowledged again where its escalation waits for that', () => {
    expect(acknowledge(1, { calling: true })).toEqual({ done: true })
  })
})
