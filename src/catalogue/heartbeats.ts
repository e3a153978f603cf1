import type { Priority } from './priority.ts'

/** When the next success of a heartbeat is expected: within a time after the one before, or at times of a clock on the wall. */
export type HeartbeatSchedule =
  | { readonly everyMs: number }
  /** Five fields of cron, in a time zone. */
  | { readonly cron: string; readonly timeZone: string }

/** Something that has to happen regularly, and reports to `/v1/heartbeats/{name}` when it has. */
export interface HeartbeatDefinition {
  readonly name: string
  /** Its name on cards. */
  readonly title: string
  readonly schedule: HeartbeatSchedule
  /** How late a success may be. */
  readonly graceMs: number
  /** Longest time from a start to its end; undefined where starts are only recorded. */
  readonly longestMs: number | undefined
  /** Event type of its events, instead of `heartbeat.missed` and `heartbeat.failed`. */
  readonly eventType: string | undefined
  /** Event type that resolves them. */
  readonly endType: string
  /** Instead of the priority of its event type. */
  readonly priority: Priority | undefined
  /** Keys of stakeholder groups, instead of those of its event type. */
  readonly stakeholders: readonly string[] | undefined
  readonly runbookUrl: string | undefined
  /** False where the output of a failure is not kept. */
  readonly output: boolean
  /** The Alertmanager whose alerts that must keep firing are its successes; `alert` is the name of one of them. */
  readonly alertmanager: { readonly source: string; readonly alert: string | undefined } | undefined
}

/** A heartbeat in the configuration: `every` or `cron`, and what differs from the defaults. */
export interface HeartbeatInput {
  /** Longest time between two successes, such as `1h`; at least `1m`. */
  readonly every?: string | undefined
  /** Five fields of cron, such as `30 1 * * *`; instead of `every`. */
  readonly cron?: string | undefined
  /** Time zone of `cron`; Asia/Riyadh if absent. */
  readonly time_zone?: string | undefined
  /** How late a success may be; `5m` if absent, at least `1m`. */
  readonly grace?: string | undefined
  /** Longest time from a start to its end. A start without an end is then an event. */
  readonly longest?: string | undefined
  /** Its name on cards; the key if absent. */
  readonly title?: string | undefined
  /** Event type, by name or alias, such as `backup.failed`; `heartbeat.missed` and `heartbeat.failed` if absent. */
  readonly event_type?: string | undefined
  readonly priority?: Priority | Lowercase<Priority> | undefined
  /** Stakeholder groups, by key or display name. */
  readonly stakeholders?: readonly string[] | undefined
  readonly runbook_url?: string | undefined
  /** False: the output of a failure is not kept. */
  readonly output?: boolean | undefined
  /** Name of a source of the kind alertmanager, whose alerts that must keep firing are the successes of this heartbeat. */
  readonly alertmanager?: string | undefined
  /** Name (`alertname`) of one of these alerts; any of them if absent. */
  readonly alert?: string | undefined
}

/** Event types of heartbeats that name none. */
export const HEARTBEAT_TYPES = {
  missed: 'heartbeat.missed',
  overdue: 'heartbeat.missed',
  failed: 'heartbeat.failed',
  recovered: 'heartbeat.recovered',
} as const
