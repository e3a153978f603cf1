import { WEEKDAYS, type Weekday } from '../catalogue/escalation.ts'

/** A day of a calendar, as `2027-03-19`. */
export type LocalDate = string

const DAY_MS = 86_400_000

const formats = new Map<string, Intl.DateTimeFormat>()

/** The wall-clock time of a moment in a time zone, as the UTC milliseconds at which a clock in UTC would show it. */
function wallClock(timeZone: string, moment: number): number {
  let format = formats.get(timeZone)
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
    formats.set(timeZone, format)
  }
  const parts: { [part in Intl.DateTimeFormatPartTypes]?: string } = {}
  for (const { type, value } of format.formatToParts(moment)) parts[type] = value
  return Date.UTC(
    Number(parts.year),
    Number(parts.month) - 1,
    Number(parts.day),
    Number(parts.hour),
    Number(parts.minute),
    Number(parts.second),
  )
}

/** The date of a moment in a time zone. */
export function localDate(timeZone: string, moment: Date): LocalDate {
  return new Date(wallClock(timeZone, moment.getTime())).toISOString().slice(0, 10)
}

/** The date some days later. */
export function daysAfter(date: LocalDate, days: number): LocalDate {
  return new Date(Date.parse(date) + days * DAY_MS).toISOString().slice(0, 10)
}

/** The day of the week of a date. */
export function weekdayOf(date: LocalDate): Weekday {
  return WEEKDAYS[new Date(date).getUTCDay()] ?? 'sunday'
}

/**
 * The moment at which a clock on the wall of a time zone shows this time of this date: the earlier one where it shows it twice.
 * For a time that is skipped, because clocks are set forward, the moment is as much after the change as the time is.
 */
export function momentAt(timeZone: string, date: LocalDate, minutes: number): Date {
  const wanted = Date.parse(date) + minutes * 60_000
  // An offset lasts for longer than a day, so both offsets that may hold are those a day before and a day after.
  const offsetAt = (moment: number) => wallClock(timeZone, moment) - moment
  const before = wanted - offsetAt(wanted - DAY_MS)
  const after = wanted - offsetAt(wanted + DAY_MS)
  const shown = [before, after].filter((moment) => wallClock(timeZone, moment) === wanted)
  return new Date(shown.length > 0 ? Math.min(...shown) : before)
}
