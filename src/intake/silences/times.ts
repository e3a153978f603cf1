import type { Occurrence, Recurrence, Silence, SilenceState } from '../../contract/silences.ts'

const DAY_MS = 86_400_000

/**
 * Time from one occurrence to the next. Fixed, not by a calendar: times are UTC here, and a window must not move with a
 * daylight saving change. Saudi Arabia has none.
 */
export const INTERVALS_MS: { readonly [R in Recurrence]: number } = { day: DAY_MS, week: 7 * DAY_MS }

type Times = Pick<Silence, 'startsAt' | 'endsAt' | 'every' | 'endedAt'>

/** The current or next occurrence, its end exclusive; undefined once the silence is over. */
export function occurrenceAt(silence: Times, now: Date): Occurrence | undefined {
  if (silence.endedAt !== null && silence.endedAt <= now) return undefined
  const { startsAt, endsAt, every } = silence
  if (now < endsAt) return { startsAt, endsAt }
  if (every === null) return undefined
  // The smallest number of intervals that moves the end beyond now: the current occurrence, or the next one.
  const count = Math.floor((now.getTime() - endsAt.getTime()) / INTERVALS_MS[every]) + 1
  const later = (date: Date) => new Date(date.getTime() + count * INTERVALS_MS[every])
  return { startsAt: later(startsAt), endsAt: later(endsAt) }
}

/** The state of a silence at a moment; an `active` one suppresses notifications. */
export function stateAt(silence: Times, now: Date): SilenceState {
  const occurrence = occurrenceAt(silence, now)
  if (occurrence === undefined) return 'over'
  return occurrence.startsAt <= now ? 'active' : 'waiting'
}
