import type { HeartbeatDefinition, HeartbeatSchedule } from '../../catalogue/heartbeats.ts'
import { cronParser } from '../../kernel/cron.ts'

/** A sign that comes so much before its time is that of this time: the clock of its sender may be fast. */
const EARLY_MS = 30_000

/** When the next success is expected after a moment. */
export function nextDue(schedule: HeartbeatSchedule, after: Date): Date {
  if ('everyMs' in schedule) return new Date(after.getTime() + schedule.everyMs)
  const currentDate = new Date(after.getTime() + EARLY_MS)
  return cronParser().parse(schedule.cron, { currentDate, tz: schedule.timeZone }).next().toDate()
}

/** When a success is due, and until when it may come. */
export interface Deadline {
  readonly due: Date
  readonly latest: Date
}

/**
 * Until when the next success may come.
 *
 * After a time in which no replica ran, reports may have been lost. An interval then begins anew; a time that has passed meanwhile gets
 * its grace from when replicas run again.
 *
 * @param waitingSince the end of the last run
 * @param resumedAt when replicas ran again after a time in which none did
 */
export function deadlineOf(
  { schedule, graceMs }: Pick<HeartbeatDefinition, 'schedule' | 'graceMs'>,
  waitingSince: Date,
  resumedAt: Date | null,
): Deadline {
  const isLater = resumedAt !== null && resumedAt > waitingSince
  const due = nextDue(schedule, isLater && 'everyMs' in schedule ? resumedAt : waitingSince)
  const from = isLater && resumedAt > due ? resumedAt : due
  return { due, latest: new Date(from.getTime() + graceMs) }
}

/** A schedule for people: `every 1h`, `30 1 * * * (Asia/Riyadh)`. */
export function writeSchedule(schedule: HeartbeatSchedule): string {
  return 'everyMs' in schedule ? `every ${writeDuration(schedule.everyMs)}` : `${schedule.cron} (${schedule.timeZone})`
}

/** A duration as the configuration has it, in its two largest units: `1h30m`. */
export function writeDuration(ms: number): string {
  const seconds = Math.round(ms / 1_000)
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ] as const
  const first = parts.findIndex(([amount]) => amount > 0)
  if (first < 0) return '0s'
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount}${unit}`)
    .join('')
}
