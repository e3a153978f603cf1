import type { Calendar } from '../catalogue/escalation.ts'
import { daysAfter, type LocalDate, localDate, momentAt, weekdayOf } from './local-time.ts'

/** A calendar with the calendars of its exceptions. */
export interface WorkingTime {
  readonly calendar: Calendar
  readonly others: ReadonlyMap<string, Calendar>
}

/** An opening: from when to when people work, in UTC milliseconds; `to` is excluded. */
interface Opening {
  readonly from: number
  readonly to: number
}

/**
 * Days without an opening, one after another, after which a calendar counts as open: a timer that it holds for ever would never be
 * heard of again.
 */
const MAX_DAYS_CLOSED = 400
/** Days that are searched at all: a wait of weeks in a calendar of minutes ends here. */
const MAX_DAYS_SEARCHED = 4_000
/** Days whose openings are remembered for each calendar: ten thousand timers of one tick ask about the same few. */
const MAX_DAYS_REMEMBERED = 1_000

const remembered = new WeakMap<Calendar, Map<LocalDate, readonly Opening[]>>()

/** The openings that begin on a date, in their order. */
function openingsOf({ calendar, others }: WorkingTime, date: LocalDate): readonly Opening[] {
  const known = remembered.get(calendar) ?? new Map<LocalDate, readonly Opening[]>()
  remembered.set(calendar, known)
  const before = known.get(date)
  if (before) return before
  const includes = ({ from, to }: { readonly from: LocalDate; readonly to: LocalDate }) => from <= date && date <= to
  const exception = calendar.exceptions.find(includes)
  const { days, hours } = (exception && others.get(exception.calendar)) ?? calendar
  const works = days.includes(weekdayOf(date)) && !calendar.holidays.some(includes)
  const openings = (works ? hours : [])
    .map(({ from, to }) => ({
      from: momentAt(calendar.timeZone, date, from).getTime(),
      to: momentAt(calendar.timeZone, to > from ? date : daysAfter(date, 1), to).getTime(),
    }))
    .sort((a, b) => a.from - b.from)
  if (known.size >= MAX_DAYS_REMEMBERED) known.clear()
  known.set(date, openings)
  return openings
}

/** The openings that end after a moment, in the order of their beginnings. Those of night shifts may overlap. */
function* openingsAfter(time: WorkingTime, moment: Date): Generator<Opening & { readonly date: LocalDate }> {
  const today = localDate(time.calendar.timeZone, moment)
  // From yesterday, whose last opening may end today.
  let closedDays = 0
  for (let day = -1; day < MAX_DAYS_SEARCHED && closedDays < MAX_DAYS_CLOSED; day++) {
    const date = daysAfter(today, day)
    const openings = openingsOf(time, date).filter(({ to }) => to > moment.getTime())
    closedDays = openings.length > 0 ? 0 : closedDays + 1
    for (const opening of openings) yield { ...opening, date }
  }
}

/** True where people work at a moment. */
export function isOpen(time: WorkingTime, moment: Date): boolean {
  const first = openingsAfter(time, moment).next().value
  return first === undefined || first.from <= moment.getTime()
}

/** The moment at which so many milliseconds of working time have passed. With 0, the moment itself or the next opening. */
export function addWorkingTime(time: WorkingTime, from: Date, ms: number): Date {
  let left = ms
  let counted = from.getTime()
  for (const opening of openingsAfter(time, from)) {
    const begins = Math.max(opening.from, counted)
    const room = opening.to - begins
    if (room <= 0) continue
    // At the very end of an opening nobody works any more, so the wait ends with the next one.
    if (left < room) return new Date(begins + left)
    left -= room
    counted = opening.to
  }
  return new Date(from.getTime() + ms)
}

/** The beginning of the first working day after the date of a moment. */
export function nextWorkingDay(time: WorkingTime, from: Date): Date {
  const today = localDate(time.calendar.timeZone, from)
  for (const opening of openingsAfter(time, from)) if (opening.date > today) return new Date(opening.from)
  return new Date(from.getTime() + 86_400_000)
}
