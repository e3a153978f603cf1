import { z } from 'zod'
import { timeZoneProblem } from '../kernel/time-zone.ts'
import {
  between,
  duration,
  KEY,
  listOf,
  mentionId,
  oneOf,
  priorities,
  readAs,
  record,
  secondsOf,
  strict,
  text,
} from './config-parts.ts'
import { type Days, type Hours, type Wait, WEEKDAYS } from './escalation.ts'

const HOURS = /^([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|(24):(00))$/

function hoursOf(written: string): Hours | undefined {
  const match = HOURS.exec(written)
  if (match === null) return undefined
  const [, fromHour, fromMinute, toHour, toMinute] = match
  const to = toHour === undefined ? 24 * 60 : Number(toHour) * 60 + Number(toMinute)
  return { from: Number(fromHour) * 60 + Number(fromMinute), to }
}

function isDate(written: string): boolean {
  const at = Date.parse(`${written}T00:00:00Z`)
  return /^\d{4}-\d\d-\d\d$/.test(written) && !Number.isNaN(at) && new Date(at).toISOString().startsWith(written)
}

function daysOf(written: string): Days | undefined {
  const [from = '', to = from, ...more] = written.split('/')
  return more.length === 0 && isDate(from) && isDate(to) && from <= to ? { from, to } : undefined
}

const wait = readAs<Wait>(
  (written) => (written === 'next_working_day' ? written : secondsOf(written)),
  'a duration such as 5m, 2h or 1d12h, at most 30d, or next_working_day',
)
const days = readAs(daysOf, 'a day such as 2027-02-22, or the first and the last one: 2027-03-19/2027-03-23')
const hours = readAs(hoursOf, 'hours such as 08:00-17:00')
const timeZone = z.string({ error: 'a time zone name, for example Asia/Riyadh' }).superRefine((name, context) => {
  const problem = timeZoneProblem(name)
  if (problem) context.addIssue({ code: 'custom', message: problem.expected })
})

/** Parts of the schema that refer to names of other sections. */
export interface NamesForEscalation {
  readonly channel: z.ZodType<string, string>
  readonly group: z.ZodType<string, string>
  readonly pagers: ReadonlySet<string>
  readonly policies: ReadonlySet<string>
  readonly calendars: ReadonlySet<string>
}

/** The section `escalation`: policies and calendars. */
export function escalationSchema({ channel, group, ...known }: NamesForEscalation) {
  const named = (names: 'pagers' | 'policies' | 'calendars', error: string, others: readonly string[] = []) =>
    z.string({ error }).refine((name) => known[names].has(name) || others.includes(name), { error, params: { names } })
  const calendar = named('calendars', 'the name of a calendar')
  const key = z.string().refine((name) => KEY.test(name) && name !== 'hold' && name !== 'continue', {
    error: 'a key of a-z, 0-9 and _, at most 41 characters, a letter first, not hold and not continue',
  })
  return strict({
    calendars: record(
      key,
      strict({
        time_zone: timeZone.default('Asia/Riyadh'),
        days: listOf(oneOf(WEEKDAYS), 'a list of days of the week').default([
          'sunday',
          'monday',
          'tuesday',
          'wednesday',
          'thursday',
        ]),
        hours: listOf(hours, 'a list of hours').default([{ from: 8 * 60, to: 17 * 60 }]),
        holidays: z.array(days, { error: 'a list of days' }).default([]),
        exceptions: z
          .array(strict({ days, calendar }), { error: 'a list of periods, each with days and a calendar' })
          .default([]),
      }),
    ),
    policies: record(
      key,
      strict({
        for: z
          .array(
            strict({
              event_type: z.string({ error: 'an event type, or a prefix with a star such as celery.*' }).optional(),
              priorities: priorities.optional(),
              stakeholder: group.optional(),
            }),
            { error: 'a list of conditions, such as { priorities: [HIGH] }' },
          )
          .default([]),
        tiers: z
          .array(
            strict({
              after: wait,
              channels: z.array(channel, { error: 'a list of channel keys' }).default([]),
              mentions: z.array(strict({ name: text(100), id: mentionId }), { error: 'a list of people' }).default([]),
              pagers: z
                .array(named('pagers', 'a name of the section pagers'), { error: 'a list of pagers' })
                .default([]),
            }),
            { error: 'a list of tiers' },
          )
          .max(20, { error: 'at most 20 tiers' }),
        repeat: strict({ times: between(0, 100, true), after: duration }).default({ times: 0, after: 0 }),
        calendar: calendar.optional(),
        outside: named('policies', 'hold, continue, or the name of a policy', ['hold', 'continue']).optional(),
      }),
    ),
  })
    .nullish()
    .transform((given) => given ?? undefined)
}

/** The section as it is after its check. */
export type EscalationConfig = NonNullable<z.output<ReturnType<typeof escalationSchema>>>
