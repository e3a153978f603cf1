import type { Language } from '../events/event.ts'
import type { Priority } from '../events/priority.ts'
import type { Json, JsonObject } from '../kernel/json.ts'

/** States of a notification. `accepted` means a workflow took it; `posted` that a bot's activity id is known. */
export const STATES = ['pending', 'sending', 'accepted', 'posted', 'failed', 'digested', 'suppressed'] as const

/** State of a notification. */
export type State = (typeof STATES)[number]

/** The answer to one accepted event. */
export interface Acceptance {
  readonly eventId: string
  readonly correlationId: string
  /** True when the idempotency key was seen before: this is the first answer again. */
  readonly duplicate: boolean
  readonly notifications: readonly { readonly id: string; readonly channel: string; readonly state: State }[]
}

/** An event as it comes over a wire, not yet checked. Keys as in the library, `data` anything. */
export interface UncheckedEvent {
  readonly eventType?: unknown
  readonly data?: unknown
  readonly correlationId?: unknown
  readonly stakeholders?: unknown
  readonly priority?: unknown
  readonly occurredAt?: unknown
  readonly idempotencyKey?: unknown
  readonly language?: unknown
}

/** What to list. */
export interface NotificationQuery {
  readonly correlationId?: string
  readonly eventType?: string
  readonly priority?: Priority
  readonly state?: State
  readonly channel?: string
  readonly since?: Date
  readonly until?: Date
  /** At most this many, 1 to 500. */
  readonly limit: number
  readonly cursor?: string
}

/** A notification as people see it. */
export interface NotificationView {
  readonly id: string
  readonly eventId: string
  readonly correlationId: string
  readonly eventType: string
  readonly priority: Priority
  readonly stakeholders: readonly string[]
  readonly channel: string
  readonly state: State
  /** Why it is in that state, where that is not plain: an outcome's name, or `muted`. */
  readonly reason: string | null
  readonly language: Language
  /** Host and path shape only. */
  readonly webhookUrl: string | null
  readonly statusCode: number | null
  readonly retryCount: number
  readonly errorMessage: string | null
  readonly createdAt: Date
  readonly sentAt: Date | null
  readonly nextAttemptAt: Date | null
  readonly acknowledgedBy: string | null
  readonly acknowledgedAt: Date | null
  readonly actionTaken: string | null
}

/** One try to send a notification, as people see it. */
export interface AttemptView {
  readonly attempt: number
  readonly startedAt: Date
  readonly finishedAt: Date
  readonly outcome: string
  readonly statusCode: number | null
  readonly errorCode: string | null
  readonly message: string | null
  /** True when an earlier attempt was cut off, so that this one may have shown the card twice. */
  readonly repeat: boolean
}

/** A notification with all that happened to it. */
export interface NotificationDetail extends NotificationView {
  readonly card: JsonObject | null
  readonly data: JsonObject
  readonly attempts: readonly AttemptView[]
  readonly actions: readonly { readonly action: string; readonly by: string; readonly at: Date; readonly data: Json }[]
}

/** A channel as people see it. */
export interface ChannelView {
  readonly key: string
  readonly name: string
  /** True when it has a webhook URL. */
  readonly configured: boolean
  readonly muted: boolean
  /** Cards it may get right now. */
  readonly budgetLeft: number
  readonly budget: { readonly requests: number; readonly period: number; readonly burst: number }
  /** Notifications that wait, by priority. */
  readonly backlog: { readonly [P in Priority]: number }
  readonly breaker: 'closed' | 'open' | 'half_open'
  /** Until when it rests, because of Retry-After or an open breaker. */
  readonly restsUntil: Date | null
  readonly lastOutcome: string | null
  readonly lastOutcomeAt: Date | null
}

/** A dependency's health. */
export interface Check {
  readonly name: string
  readonly ok: boolean
  readonly detail: string
}

/**
 * What the gateway does for whoever speaks to it. HTTP, the CLI and the library all call this; `src/app/` makes it.
 * Every method throws only GatewayErrors.
 */
export interface GatewayService {
  /** Accepts all events or none; resolves once they are committed. */
  accept(events: readonly UncheckedEvent[], origin: string): Promise<readonly Acceptance[]>
  listNotifications(
    query: NotificationQuery,
  ): Promise<{ readonly notifications: readonly NotificationView[]; readonly nextCursor: string | null }>
  /** @throws GatewayError `not_found` */
  getNotification(id: string): Promise<NotificationDetail>
  /** Puts a failed notification back to pending. @throws GatewayError `not_found`, `not_replayable` */
  replayNotification(id: string, by: string): Promise<NotificationView>
  listChannels(): Promise<readonly ChannelView[]>
  /** Database and engine, for `/readyz`. */
  readiness(): Promise<readonly Check[]>
  /** Metrics in Prometheus' text format. */
  metrics(): Promise<{ readonly contentType: string; readonly body: string }>
}
