import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BUILT_IN_ESCALATION, type Calendar, WEEKDAYS, WORKING_WEEK } from '../catalogue/escalation.ts'
import { momentAt } from './local-time.ts'
import { addWorkingTime, isOpen, nextWorkingDay, type WorkingTime } from './working-time.ts'

const HOUR = 3_600_000

const riyadh = BUILT_IN_ESCALATION.calendars.get(WORKING_WEEK) as Calendar

/** A calendar that differs from the built-in one, and what it may name. */
function timeOf(given: Partial<Calendar> = {}, ...others: readonly Calendar[]): WorkingTime {
  return { calendar: { ...riyadh, ...given }, others: new Map(others.map((other) => [other.name, other])) }
}

const at = (time: string) => new Date(time)

describe('working time', () => {
  // 2026-11-26 is a Thursday, 2026-11-29 a Sunday.
  it('goes on after the weekend where an opening is too short', () => {
    expect(addWorkingTime(timeOf(), at('2026-11-26T16:30:00+03:00'), 2 * HOUR)).toEqual(at('2026-11-29T09:30:00+03:00'))
  })

  it('begins with the next opening', () => {
    expect(addWorkingTime(timeOf(), at('2026-11-27T03:00:00+03:00'), 2 * HOUR)).toEqual(at('2026-11-29T10:00:00+03:00'))
    expect(addWorkingTime(timeOf(), at('2026-11-29T07:59:59+03:00'), 0)).toEqual(at('2026-11-29T08:00:00+03:00'))
  })

  it('is over at an opening, and not at the end of one, where nobody works any more', () => {
    expect(addWorkingTime(timeOf(), at('2026-11-29T15:00:00+03:00'), 2 * HOUR)).toEqual(at('2026-11-30T08:00:00+03:00'))
  })

  it('leaves out the break between two openings of a day, and holidays', () => {
    const time = timeOf({
      hours: [
        { from: 8 * 60, to: 12 * 60 },
        { from: 13 * 60, to: 17 * 60 },
      ],
      holidays: [{ from: '2026-11-30', to: '2026-12-01' }],
    })
    expect(addWorkingTime(time, at('2026-11-29T11:30:00+03:00'), HOUR)).toEqual(at('2026-11-29T13:30:00+03:00'))
    expect(addWorkingTime(time, at('2026-11-29T16:30:00+03:00'), HOUR)).toEqual(at('2026-12-02T08:30:00+03:00'))
  })

  it('has the hours of another calendar in a period such as Ramadan, and keeps its own holidays and time zone', () => {
    const ramadan = { ...riyadh, name: 'ramadan', hours: [{ from: 10 * 60, to: 16 * 60 }], timeZone: 'Europe/London' }
    const time = timeOf(
      {
        exceptions: [{ from: '2027-02-08', to: '2027-03-08', calendar: 'ramadan' }],
        holidays: [{ from: '2027-02-22', to: '2027-02-22' }],
      },
      ramadan,
    )
    // A Sunday before, the first day, and the holiday in it, a Monday.
    expect(addWorkingTime(time, at('2027-02-07T16:00:00+03:00'), 2 * HOUR)).toEqual(at('2027-02-08T11:00:00+03:00'))
    expect(addWorkingTime(time, at('2027-02-21T15:30:00+03:00'), HOUR)).toEqual(at('2027-02-23T10:30:00+03:00'))
    expect(isOpen(time, at('2027-03-08T16:30:00+03:00'))).toBe(false)
    expect(isOpen(time, at('2027-03-09T16:30:00+03:00'))).toBe(true)
  })

  it('has night shifts that end on the next day', () => {
    const time = timeOf({ hours: [{ from: 21 * 60, to: 2 * 60 }] })
    expect(isOpen(time, at('2026-11-27T01:59:59+03:00'))).toBe(true)
    expect(isOpen(time, at('2026-11-27T02:00:00+03:00'))).toBe(false)
    expect(addWorkingTime(time, at('2026-11-27T01:00:00+03:00'), 2 * HOUR)).toEqual(at('2026-11-29T22:00:00+03:00'))
  })

  it('is as long as the clock shows it, on days when clocks are set', () => {
    const berlin = timeOf({ timeZone: 'Europe/Berlin', days: WEEKDAYS, hours: [{ from: 0, to: 24 * 60 }] })
    // 2027-03-28 has 23 hours in Berlin, 2026-10-25 has 25.
    const midnight = at('2027-03-28T00:00:00+01:00')
    expect(addWorkingTime(berlin, midnight, 23 * HOUR)).toEqual(at('2027-03-29T00:00:00+02:00'))
    expect(addWorkingTime(berlin, at('2026-10-25T00:00:00+02:00'), 25 * HOUR)).toEqual(at('2026-10-26T00:00:00+01:00'))
    const nights = timeOf({ timeZone: 'Europe/Berlin', days: ['sunday'], hours: [{ from: 150, to: 240 }] })
    // 02:30 is skipped, so the opening begins an hour later, at 03:30 of the new time.
    expect(addWorkingTime(nights, midnight, 0)).toEqual(at('2027-03-28T03:30:00+02:00'))
    // 02:30 comes twice; the opening begins at the first.
    expect(addWorkingTime(nights, at('2026-10-24T12:00:00Z'), 0)).toEqual(at('2026-10-25T02:30:00+02:00'))
  })

  it('counts everything where a calendar has no opening for more than a year', () => {
    const closed = timeOf({ holidays: [{ from: '2026-01-01', to: '2036-01-01' }] })
    const now = at('2026-11-29T10:00:00+03:00')
    expect(addWorkingTime(closed, now, HOUR)).toEqual(at('2026-11-29T11:00:00+03:00'))
    expect(isOpen(closed, now)).toBe(true)
  })

  it('is never shorter than the wait, ends in an opening, and is as long as its parts', () => {
    const zones = ['Asia/Riyadh', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Pacific/Apia', 'UTC']
    const calendars = fc.record({
      timeZone: fc.constantFrom(...zones),
      days: fc.uniqueArray(fc.constantFrom(...WEEKDAYS), { minLength: 1 }),
      hours: fc.array(
        fc
          .tuple(fc.integer({ min: 0, max: 1439 }), fc.integer({ min: 60, max: 1440 }))
          .map(([from, length]) => ({ from, to: (from + length) % 1440 })),
        { minLength: 1, maxLength: 3 },
      ),
      holidays: fc.array(
        fc
          .tuple(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 0, max: 9 }))
          .map(([first, length]) => ({ from: dayOf(first), to: dayOf(first + length) })),
        { maxLength: 5 },
      ),
    })
    const moments = fc
      .integer({ min: 0, max: 400 * 24 * 60 })
      .map((minutes) => at('2026-10-01T00:00:00Z').getTime() + minutes * 60_000)
    const waits = fc.integer({ min: 0, max: 100 * 60 }).map((minutes) => minutes * 60_000)
    fc.assert(
      fc.property(calendars, moments, waits, waits, (given, from, first, second) => {
        const time = timeOf(given)
        const end = addWorkingTime(time, new Date(from), first)
        expect(end.getTime()).toBeGreaterThanOrEqual(from + first)
        expect(isOpen(time, end)).toBe(true)
        expect(addWorkingTime(time, end, second)).toEqual(addWorkingTime(time, new Date(from), first + second))
      }),
      { numRuns: 300 },
    )
  })
})

describe('the next working day', () => {
  it('begins with its first opening, over weekends and holidays', () => {
    const time = timeOf({ holidays: [{ from: '2026-11-29', to: '2026-11-29' }] })
    expect(nextWorkingDay(time, at('2026-11-26T10:00:00+03:00'))).toEqual(at('2026-11-30T08:00:00+03:00'))
    expect(nextWorkingDay(time, at('2026-11-30T03:00:00+03:00'))).toEqual(at('2026-12-01T08:00:00+03:00'))
  })

  it('is a day of the time zone, not of UTC', () => {
    // 22:30 UTC is 01:30 of the next day in Riyadh.
    expect(nextWorkingDay(timeOf(), at('2026-11-29T22:30:00Z'))).toEqual(at('2026-12-01T08:00:00+03:00'))
  })
})

describe('a local time', () => {
  it('is the moment at which a clock of the zone shows it', () => {
    expect(momentAt('Asia/Riyadh', '2026-11-30', 8 * 60)).toEqual(at('2026-11-30T05:00:00Z'))
    expect(momentAt('Australia/Lord_Howe', '2027-01-01', 0)).toEqual(at('2026-12-31T13:00:00Z'))
  })
})

function dayOf(index: number): string {
  return new Date(at('2026-10-01T00:00:00Z').getTime() + index * 24 * HOUR).toISOString().slice(0, 10)
}
