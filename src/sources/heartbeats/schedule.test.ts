import { describe, expect, it } from 'vitest'
import { deadlineOf, nextDue, writeDuration, writeSchedule } from './schedule.ts'

const MINUTE = 60_000
const daily = (timeZone: string) => ({ cron: '30 2 * * *', timeZone })
const due = (schedule: Parameters<typeof nextDue>[0], after: string) => nextDue(schedule, new Date(after)).toISOString()

describe('the next success', () => {
  it('of an interval is due after it', () => {
    expect(due({ everyMs: 60 * MINUTE }, '2026-11-30T10:00:00Z')).toBe('2026-11-30T11:00:00.000Z')
  })

  it('of cron is due at the time on the wall of its time zone', () => {
    expect(due(daily('Asia/Riyadh'), '2026-11-30T10:00:00Z')).toBe('2026-11-30T23:30:00.000Z')
    expect(due(daily('UTC'), '2026-11-30T10:00:00Z')).toBe('2026-12-01T02:30:00.000Z')
  })

  it('is due after the change where clocks skip its time, and once where they show it twice', () => {
    const berlin = daily('Europe/Berlin')
    expect(due(berlin, '2026-03-28T10:00:00Z')).toBe('2026-03-29T01:30:00.000Z')
    expect(due(berlin, '2026-03-29T10:00:00Z')).toBe('2026-03-30T00:30:00.000Z')
    expect(due(berlin, '2026-10-24T10:00:00Z')).toBe('2026-10-25T00:30:00.000Z')
    expect(due(berlin, '2026-10-25T00:31:00Z')).toBe('2026-10-26T01:30:00.000Z')
  })

  it('of cron is not the one that came some seconds early', () => {
    expect(due(daily('UTC'), '2026-11-30T02:29:45Z')).toBe('2026-12-01T02:30:00.000Z')
    expect(due(daily('UTC'), '2026-11-30T02:20:00Z')).toBe('2026-11-30T02:30:00.000Z')
  })
})

describe('the latest success', () => {
  const graceMs = 30 * MINUTE
  const latest = (schedule: Parameters<typeof nextDue>[0], waitingSince: string, resumedAt: string | null) =>
    deadlineOf(
      { schedule, graceMs },
      new Date(waitingSince),
      resumedAt === null ? null : new Date(resumedAt),
    ).latest.toISOString()

  it('comes after the grace', () => {
    expect(latest({ everyMs: 60 * MINUTE }, '2026-11-30T10:00:00Z', null)).toBe('2026-11-30T11:30:00.000Z')
  })

  it('of an interval comes an interval after no replica ran', () => {
    expect(latest({ everyMs: 60 * MINUTE }, '2026-11-30T10:00:00Z', '2026-11-30T15:00:00Z')).toBe(
      '2026-11-30T16:30:00.000Z',
    )
    expect(latest({ everyMs: 60 * MINUTE }, '2026-11-30T15:30:00Z', '2026-11-30T15:00:00Z')).toBe(
      '2026-11-30T17:00:00.000Z',
    )
  })

  it('of cron comes a grace after no replica ran, if its time has passed meanwhile', () => {
    expect(latest(daily('UTC'), '2026-11-29T02:40:00Z', '2026-11-30T05:00:00Z')).toBe('2026-11-30T05:30:00.000Z')
    expect(latest(daily('UTC'), '2026-11-29T02:40:00Z', '2026-11-29T05:00:00Z')).toBe('2026-11-30T03:00:00.000Z')
  })
})

describe('texts', () => {
  it.each([
    [0, '0s'],
    [59_000, '59s'],
    [5_400_000, '1h30m'],
    [90_061_000, '1d1h'],
    [86_400_000, '1d'],
  ])('of %s ms are %s', (ms, text) => {
    expect(writeDuration(ms)).toBe(text)
  })

  it('of schedules name interval or cron with time zone', () => {
    expect(writeSchedule({ everyMs: 300_000 })).toBe('every 5m')
    expect(writeSchedule(daily('Asia/Riyadh'))).toBe('30 2 * * * (Asia/Riyadh)')
  })
})
