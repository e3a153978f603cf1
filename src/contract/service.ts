import type { Language } from '../catalogue/language.ts'
import type { Priority } from '../catalogue/priority.ts'
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
  /**
   * Data fields that are not kept as they came, because the event's type does not declare them (TEAMS_UNDECLARED_DATA);
   * absent where there are none. A name that may be a value is `(entry 3)`.
   */
  readonly ignored?: readonly string[]
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
  /** Id of a digest's notification: those that stand in it. */
  readonly digestId?: string
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
  /** Why it is in that state, where that is not plain: an outcome's name, `muted`, `silence`, `maintenance`, `repeat`. */
  readonly reason: string | null
  readonly language: Language
  /** Host and path shape only. */
  readonly webhookUrl: string | null
  readonly statusCode: number | null
  /** Retries used up. Posts after a 429, a rest of the channel or an interruption are none. */
  readonly retryCount: number
  readonly errorMessage: string | null
  readonly createdAt: Date
  /** When the first attempt began, whatever came of it. */
  readonly sentAt: Date | null
  /** When Teams first took it. */
  readonly acceptedAt: Date | null
  readonly nextAttemptAt: Date | null
  readonly acknowledgedBy: string | null
  readonly acknowledgedAt: Date | null
  readonly actionTaken: string | null
  /** The notification whose card is the digest that it stands in. */
  readonly digestId: string | null
  /** The silence or maintenance window that kept it back. */
  readonly silenceId: string | null
  /** The notification that it repeats. */
  readonly repeatOf: string | null
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
  /** How many notifications repeat it, and when the last of them was accepted. */
  readonly repeatCount: number
  readonly lastRepeatAt: Date | null
  /** When an event said that it is over, and the id of that event. */
  readonly resolvedAt: Date | null
  readonly resolvedBy: string | null
  readonly attempts: readonly AttemptView[]
  readonly actions: readonly { readonly action: string; readonly by: string; readonly at: Date; readonly data: Json }[]
}

/** Whether somebody wants quiet for a while, or work on the platform is planned. Both keep back alike. */
export const SILENCE_KINDS = ['silence', 'maintenance'] as const

/** A kind of silence. */
export type SilenceKind = (typeof SILENCE_KINDS)[number]

/** How often a maintenance window may come again: every 24 hours, or every 7 times 24 hours. */
export const RECURRENCES = ['day', 'week'] as const

/** How often a maintenance window comes again. */
export type Recurrence = (typeof RECURRENCES)[number]

/** What a silence is at a moment. `waiting` also between two occurrences. */
export const SILENCE_STATES = ['active', 'waiting', 'over'] as const

/** State of a silence. */
export type SilenceState = (typeof SILENCE_STATES)[number]

/** How a matcher compares. */
export const MATCHER_OPERATORS = ['=', '!='] as const

/** The most that a silence may have: matchers, characters of a matcher's field or value, and of the reason. */
export const SILENCE_LIMITS = { matchers: 20, text: 200, reason: 500 } as const

/** One condition of a silence. `*` in the value stands for any text. */
export interface Matcher {
  /** `event_type`, `priority`, `channel`, `stakeholder`, `correlation_id`, or `data.` and a field of the event's data. */
  readonly field: string
  readonly operator: (typeof MATCHER_OPERATORS)[number]
  readonly value: string
}

/** A silence or a maintenance window as a caller writes it. */
export interface SilenceInput {
  /** `silence` if absent. */
  readonly kind?: SilenceKind
  /** All of them must match. At most 20. */
  readonly matchers: readonly Matcher[]
  /** Now, if absent. */
  readonly startsAt?: Date | string
  /** Of the first occurrence, where it comes again. */
  readonly endsAt: Date | string
  /** Only of a maintenance window. */
  readonly every?: Recurrence
  /** Why, for whoever asks later. At most 500 characters. */
  readonly reason: string
}

/** A silence or a maintenance window as a caller writes it, not yet checked. */
export interface UncheckedSilence {
  readonly kind?: unknown
  readonly matchers?: unknown
  readonly startsAt?: unknown
  readonly endsAt?: unknown
  readonly every?: unknown
  readonly reason?: unknown
}

/** Keeps back the notifications that all its matchers match, from one time to another. Nothing of it changes but its end. */
export interface Silence {
  readonly id: string
  readonly kind: SilenceKind
  readonly matchers: readonly Matcher[]
  readonly startsAt: Date
  /** Of the first occurrence, where it comes again. */
  readonly endsAt: Date
  readonly every: Recurrence | null
  /** Why, for whoever asks later. */
  readonly reason: string
  readonly createdBy: string
  readonly createdAt: Date
  /** Who ended it before its time, and when. */
  readonly endedBy: string | null
  readonly endedAt: Date | null
}

/** One stretch of time for which a silence lasts. The end does not belong to it. */
export interface Occurrence {
  readonly startsAt: Date
  readonly endsAt: Date
}

/** A silence as people see it, at the moment at which they look. */
export interface SilenceView extends Silence {
  readonly state: SilenceState
  /** The occurrence that lasts now, or else the next; null once it is over. */
  readonly occurrence: Occurrence | null
}

/** A silence with what it did. */
export interface SilenceDetail extends SilenceView {
  /** Notifications that it kept back so far. */
  readonly keptBack: number
}

/** Which silences to list. */
export interface SilenceQuery {
  readonly state?: SilenceState
  readonly kind?: SilenceKind
  /** At most this many, 1 to 500. */
  readonly limit: number
  readonly cursor?: string
}

/** A channel as people see it. */
export interface ChannelView {
  readonly key: string
  readonly name: string
  /** True when it has a webhook URL. */
  readonly configured: boolean
  readonly muted: boolean
  /**
   * Why it gets no cards: `muted`, `address_missing` where it has no webhook URL, or the outcome that opened its breaker;
   * null where it gets them.
   */
  readonly reason: string | null
  /** Cards it may get right now. */
  readonly budgetLeft: number
  readonly budget: { readonly requests: number; readonly period: number; readonly burst: number }
  /** Notifications that wait, by priority. */
  readonly backlog: { readonly [P in Priority]: number }
  /** When the oldest of them was accepted. */
  readonly oldestWaitingAt: Date | null
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
  /** Accepts all events or none; resolves once they are committed. `gone` calls it off while nothing is written yet. */
  accept(events: readonly UncheckedEvent[], origin: string, gone?: AbortSignal): Promise<readonly Acceptance[]>
  listNotifications(
    query: NotificationQuery,
  ): Promise<{ readonly notifications: readonly NotificationView[]; readonly nextCursor: string | null }>
  /** @throws GatewayError `not_found` */
  getNotification(id: string): Promise<NotificationDetail>
  /** Puts a failed notification back to pending. @throws GatewayError `not_found`, `not_replayable` */
  replayNotification(id: string, by: string): Promise<NotificationView>
  listChannels(): Promise<readonly ChannelView[]>
  /**
   * Makes a silence or a maintenance window. One that is active at once also keeps back what waits already.
   *
   * @param by who makes it, for the record
   * @throws GatewayError `invalid_silence` with every problem
   */
  createSilence(silence: UncheckedSilence, by: string): Promise<SilenceDetail>
  /** Lists silences, the newest first. */
  listSilences(
    query: SilenceQuery,
  ): Promise<{ readonly silences: readonly SilenceView[]; readonly nextCursor: string | null }>
  /** @throws GatewayError `not_found` */
  getSilence(id: string): Promise<SilenceDetail>
  /** Ends a silence before its time. What it kept back stays kept back. @throws GatewayError `not_found`, `silence_over` */
  endSilence(id: string, by: string): Promise<SilenceView>
  /** Database and engine, for `/readyz`. */
  readiness(): Promise<readonly Check[]>
  /** Metrics in Prometheus' text format. */
  metrics(): Promise<{ readonly contentType: string; readonly body: string }>
}
