import type { Occurrence, Recurrence, Silence, SilenceState } from '../../contract/silences.ts'

const DAY = 86_400_000

/**
 * Milliseconds from one occurrence to the next. Fixed steps and no calendar: a window that somebody writes in UTC, as all
 * times here, must not move because a country changes its clocks. Saudi Arabia does not.
 */
export const STEPS: { readonly [R in Recurrence]: number } = { day: DAY, week: 7 * DAY }

type Times = Pick<Silence, 'startsAt' | 'endsAt' | 'every' | 'endedAt'>

/** When it lasts: now, or next; undefined once it is over. The end does not belong to it. */
export function occurrenceAt(silence: Times, now: Date): Occurrence | undefined {
  if (silence.endedAt !== null && silence.endedAt <= now) return undefined
  const { startsAt, endsAt, every } = silence
  if (now < endsAt) return { startsAt, endsAt }
  if (every === null) return undefined
  // As many whole steps as bring the end behind now: the occurrence that lasts, or the one after the last that did.
  const steps = Math.floor((now.getTime() - endsAt.getTime()) / STEPS[every]) + 1
  const later = (date: Date) => new Date(date.getTime() + steps * STEPS[every])
  return { startsAt: later(startsAt), endsAt: later(endsAt) }
}

/** Whether it keeps anything back at a moment. */
export function stateAt(silence: Times, now: Date): SilenceState {
  const occurrence = occurrenceAt(silence, now)
  if (occurrence === undefined) return 'over'
  return occurrence.startsAt <= now ? 'active' : 'waiting'
}
