import { z } from 'zod'
import { LANGUAGES, type Language } from '../catalogue/language.ts'
import { PRIORITIES, type Priority } from '../catalogue/priority.ts'
import type { Json, JsonObject } from '../kernel/json.ts'
import { count, moment, record } from './json-names.ts'
import { type PagerAlert, pagerAlertWire } from './pager-alerts.ts'
import { nextCursor } from './query.ts'

/** States of a notification. `accepted`: a workflow took the card; `posted`: a bot's activity id is known. */
export const STATES = ['pending', 'sending', 'accepted', 'posted', 'failed', 'digested', 'suppressed'] as const

/** State of a notification. */
export type State = (typeof STATES)[number]

/** A notification in answers of the service. */
export interface NotificationView {
  readonly id: string
  readonly eventId: string
  readonly correlationId: string
  readonly eventType: string
  readonly priority: Priority
  readonly stakeholders: readonly string[]
  readonly channel: string
  readonly state: State
  /** Reason for the state: an outcome's name, `muted`, `silence`, `maintenance` or `repeat`; null where it needs none. */
  readonly reason: string | null
  readonly language: Language
  /** Host and path shape only. */
  readonly webhookUrl: string | null
  readonly statusCode: number | null
  /** Retries used up. Attempts after a 429, a rest of the channel or an interruption use up none. */
  readonly retryCount: number
  readonly errorMessage: string | null
  readonly createdAt: Date
  /** Start of the first attempt, also of a failed one. */
  readonly sentAt: Date | null
  /** When Teams first accepted the card. */
  readonly acceptedAt: Date | null
  readonly nextAttemptAt: Date | null
  readonly acknowledgedBy: string | null
  readonly acknowledgedAt: Date | null
  readonly actionTaken: string | null
  /** Id of the notification whose card is the digest that contains this one. */
  readonly digestId: string | null
  /** Id of the silence or maintenance window that suppressed it. */
  readonly silenceId: string | null
  /** Id of the notification that it repeats. */
  readonly repeatOf: string | null
}

/** An attempt to send a notification, in answers of the service. */
export interface AttemptView {
  readonly attempt: number
  readonly startedAt: Date
  readonly finishedAt: Date
  readonly outcome: string
  readonly statusCode: number | null
  readonly errorCode: string | null
  readonly message: string | null
  /** True where an earlier attempt was interrupted, so that the card may be shown twice. */
  readonly repeat: boolean
}

/** A notification with its card, event data, attempts and actions. */
export interface NotificationDetail extends NotificationView {
  readonly card: JsonObject | null
  readonly data: JsonObject
  /** Number of notifications that repeat it, and when the last one was accepted. */
  readonly repeatCount: number
  readonly lastRepeatAt: Date | null
  /** When an event resolved it, and the id of that event. */
  readonly resolvedAt: Date | null
  readonly resolvedBy: string | null
  readonly attempts: readonly AttemptView[]
  readonly actions: readonly { readonly action: string; readonly by: string; readonly at: Date; readonly data: Json }[]
  /** What services that call people were told about its event, and what they told. */
  readonly pagerAlerts: readonly PagerAlert[]
}

const jsonObject = z.custom<JsonObject>((value) => typeof value === 'object' && value !== null)
const notificationShape = {
  id: z.string(),
  event_id: z.string(),
  correlation_id: z.string(),
  event_type: z.string(),
  priority: z.enum(PRIORITIES),
  stakeholders: z.array(z.string()),
  channel: z.string(),
  state: z.enum(STATES),
  reason: z.string().nullable().meta({
    description: 'Reason for the state: the name of an outcome, "muted", "silence", "maintenance" or "repeat".',
  }),
  language: z.enum(LANGUAGES),
  webhook_url: z.string().nullable().meta({ description: 'Host and path shape only, never the signature.' }),
  status_code: z.number().nullable(),
  retry_count: count.meta({
    description: 'Retries used up. Attempts after a 429, a rest of the channel or an interruption use up none.',
  }),
  error_message: z.string().nullable(),
  created_at: moment,
  sent_at: moment.nullable().meta({ description: 'Start of the first attempt, also of a failed one.' }),
  accepted_at: moment.nullable().meta({ description: 'When Teams first accepted the card.' }),
  next_attempt_at: moment.nullable(),
  acknowledged_by: z.string().nullable(),
  acknowledged_at: moment.nullable(),
  action_taken: z.string().nullable(),
  digest_id: z
    .string()
    .nullable()
    .meta({ description: 'Id of the notification whose card is the digest that contains this one.' }),
  silence_id: z
    .string()
    .nullable()
    .meta({ description: 'Id of the silence or maintenance window that suppressed the notification.' }),
  repeat_of: z.string().nullable().meta({ description: 'Id of the notification that this one repeats.' }),
}

/** A {@link NotificationView} in JSON. */
export const notificationWire = record(notificationShape)

/** An {@link AttemptView} in JSON. */
export const attemptWire = record({
  attempt: count,
  started_at: moment,
  finished_at: moment,
  outcome: z.string(),
  status_code: z.number().nullable(),
  error_code: z.string().nullable(),
  message: z.string().nullable(),
  repeat: z
    .boolean()
    .meta({ description: 'True if an earlier attempt was interrupted, so that the card may be shown twice.' }),
})

/** A {@link NotificationDetail} in JSON. */
export const notificationDetailWire = record({
  ...notificationShape,
  card: jsonObject.meta({ type: 'object' }).nullable(),
  data: jsonObject.meta({
    type: 'object',
    description: "The event's data, to which TEAMS_PHI_POLICY has been applied.",
  }),
  repeat_count: count.meta({ description: 'Number of notifications that repeat this one.' }),
  last_repeat_at: moment.nullable(),
  resolved_at: moment.nullable().meta({ description: 'When another event resolved it.' }),
  resolved_by: z.string().nullable().meta({ description: 'Id of the event that resolved it.' }),
  attempts: z.array(attemptWire),
  actions: z.array(record({ action: z.string(), by: z.string(), at: moment, data: z.custom<Json>() })),
  pager_alerts: z.array(pagerAlertWire).meta({
    description:
      'Alerts about its event at PagerDuty or Jira Service Management, each in the state that the service told.',
  }),
})

/** A page of notifications, the newest first. */
export const notificationPageWire = record({
  notifications: z.array(notificationWire),
  next_cursor: nextCursor,
})
