import { ACTION_EVENTS } from './actions.ts'
import { AUDIT_EVENTS } from './audit.ts'
import { BUTTON_EVENTS } from './buttons.ts'
import { DELIVERY_EVENTS } from './delivery.ts'
import { ESCALATION_EVENTS } from './escalation.ts'
import type { LogEventRow, LogField, LogValue } from './fields.ts'
import { PAGER_ALERT_EVENTS } from './pager-alerts.ts'
import { REQUEST_EVENTS } from './requests.ts'
import { SOURCE_EVENTS } from './sources.ts'
import { START_EVENTS } from './start.ts'

/** Every log event by subject; `docs/reference/log-events.md` is written from these tables. */
export const LOG_EVENTS_BY_SUBJECT = {
  Start: START_EVENTS,
  'Requests, secrets and listeners': REQUEST_EVENTS,
  Delivery: DELIVERY_EVENTS,
  Actions: ACTION_EVENTS,
  'Pager alerts': PAGER_ALERT_EVENTS,
  Escalation: ESCALATION_EVENTS,
  Sources: SOURCE_EVENTS,
  'Audit trail': AUDIT_EVENTS,
  'Buttons of cards': BUTTON_EVENTS,
} as const

/**
 * Every kind of log line, once, by the name in its field `event`. Names are a contract: searches and alerts use them. One
 * name has one level and one message; the same subject at two levels is two events.
 */
export const LOG_EVENTS = {
  ...START_EVENTS,
  ...REQUEST_EVENTS,
  ...DELIVERY_EVENTS,
  ...ACTION_EVENTS,
  ...PAGER_ALERT_EVENTS,
  ...ESCALATION_EVENTS,
  ...SOURCE_EVENTS,
  ...AUDIT_EVENTS,
  ...BUTTON_EVENTS,
} as const satisfies Record<string, LogEventRow>

/** The name of a log event, a key of {@link LOG_EVENTS}. */
export type LogEvent = keyof typeof LOG_EVENTS

type RequiredField<N extends LogEvent> = (typeof LOG_EVENTS)[N]['fields'][number]
type OptionalField<N extends LogEvent> = (typeof LOG_EVENTS)[N] extends { readonly optional: readonly (infer F)[] }
  ? F & LogField
  : never

/** The fields of one kind of log line. */
export type LogFieldsOf<N extends LogEvent> = {
  readonly [F in RequiredField<N>]: LogValue<F>
} & { readonly [F in OptionalField<N>]?: LogValue<F> | undefined }

/** Log events without required fields. */
export type BareLogEvent = { [N in LogEvent]: RequiredField<N> extends never ? N : never }[LogEvent]
