import type { Priority } from './priority.ts'

/** Days of the week, in the order of `Date.getUTCDay`. */
export const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const

/** A day of the week. */
export type Weekday = (typeof WEEKDAYS)[number]

/** Working hours of a day, in minutes after midnight. Where `to` is not after `from`, they end on the next day. */
export interface Hours {
  readonly from: number
  readonly to: number
}

/** Days of a calendar, both included, as `2027-03-19`. */
export interface Days {
  readonly from: string
  readonly to: string
}

/** Working days and hours in a time zone. */
export interface Calendar {
  readonly name: string
  readonly timeZone: string
  readonly days: readonly Weekday[]
  readonly hours: readonly Hours[]
  readonly holidays: readonly Days[]
  /** Periods in which the days and hours of another calendar hold, such as those of Ramadan. This one's holidays stay. */
  readonly exceptions: readonly (Days & { readonly calendar: string })[]
}

/** How long a tier is waited for: seconds, or until the next working day begins. */
export type Wait = number | 'next_working_day'

/** A person who is mentioned on the cards of a tier. */
export interface TierMention {
  readonly name: string
  readonly id: string
}

/** Whom a policy calls next, and how long after the tier before. */
export interface Tier {
  readonly after: Wait
  /** Keys of channels. */
  readonly channels: readonly string[]
  readonly mentions: readonly TierMention[]
  /** Names of the section `pagers`. */
  readonly pagers: readonly string[]
}

/** The events that a policy is for: an event must meet every given condition. */
export interface PolicyMatch {
  /** Exact type, or a prefix with a star: `celery.*`. */
  readonly eventType?: string
  readonly priorities?: readonly Priority[]
  /** Key of a stakeholder group of the event. */
  readonly stakeholder?: string
}

/** An escalation policy. Its first tier, which it does not name, are the event's own channels. */
export interface Policy {
  readonly name: string
  /** The events of the policy; none for a policy that only stands in for another outside working hours. */
  readonly for: readonly PolicyMatch[]
  /** The tiers after the event's own channels. Without any, the events of the policy do not climb. */
  readonly tiers: readonly Tier[]
  /** How often it begins again after the last tier, and how many seconds after it. */
  readonly repeat: { readonly times: number; readonly after: number }
  /** Name of the calendar; undefined where the policy has no working hours. */
  readonly calendar: string | undefined
  /**
   * What happens outside working hours: the wait stands still (`hold`), it goes on (`continue`), or another policy's waits and
   * tiers hold.
   */
  readonly outside: 'hold' | 'continue' | { readonly policy: string }
}

/** Policies and calendars, by name. The first policy that an event matches is the event's. */
export interface Escalation {
  readonly policies: ReadonlyMap<string, Policy>
  readonly calendars: ReadonlyMap<string, Calendar>
}

/** Name of the built-in calendar. */
export const WORKING_WEEK = 'working_week'

const MINUTES = 60
const HOUR = 3_600

function tier(after: Wait, ...channels: readonly string[]): Tier {
  return { after, channels, mentions: [], pagers: [] }
}

function builtIn(priority: Priority, tiers: readonly Tier[], calendar?: string): Policy {
  return {
    name: priority.toLowerCase(),
    for: [{ priorities: [priority] }],
    tiers,
    repeat: { times: 0, after: 0 },
    calendar,
    outside: calendar === undefined ? 'continue' : 'hold',
  }
}

/** The policies and the calendar that the gateway ships: the Saudi working week, and a policy for each priority but INFO. */
export const BUILT_IN_ESCALATION: Escalation = {
  policies: new Map(
    [
      builtIn('CRITICAL', [
        tier(5 * MINUTES, 'nphies_integration'),
        tier(5 * MINUTES, 'devops'),
        tier(5 * MINUTES, 'sre'),
      ]),
      builtIn('HIGH', [tier(30 * MINUTES, 'nphies_integration'), tier(30 * MINUTES, 'devops')]),
      builtIn('MEDIUM', [tier(2 * HOUR, 'nphies_integration'), tier(2 * HOUR, 'pmo')]),
      builtIn('LOW', [tier('next_working_day')], WORKING_WEEK),
    ].map((policy) => [policy.name, policy]),
  ),
  calendars: new Map([
    [
      WORKING_WEEK,
      {
        name: WORKING_WEEK,
        timeZone: 'Asia/Riyadh',
        days: ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday'],
        hours: [{ from: 8 * 60, to: 17 * 60 }],
        holidays: [],
        exceptions: [],
      },
    ],
  ]),
}
