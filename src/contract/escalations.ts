import { z } from 'zod'
import type { Tier } from '../catalogue/escalation.ts'
import { PRIORITIES, type Priority } from '../catalogue/priority.ts'
import { moment, record } from './json-names.ts'
import { type PagerAlert, pagerAlertWire } from './pager-alerts.ts'
import { nextCursor, oneOf, PAGING, priorityFilter, readQuery, text } from './query.ts'

/** States of an escalation. `climbing`: tier after tier is called; `acknowledged`: it stands still until that expires. */
const ESCALATION_STATES = ['climbing', 'acknowledged', 'ended'] as const

/** State of an escalation. */
export type EscalationState = (typeof ESCALATION_STATES)[number]

/**
 * Why an escalation ended:
 *
 * - `resolved`, `discarded`: its event is not open any more
 * - `digested`: its event stands in a digest, which climbs for all that stand in it
 * - `removed`: retention removed its event
 */
export type EscalationEnd = 'resolved' | 'discarded' | 'digested' | 'removed'

/**
 * What a policy says of one event, as frozen when its escalation starts: later changes of the configuration do not disturb it.
 * Calendars are only named, because holidays are announced the evening before.
 */
export interface Plan {
  readonly policy: string
  /** Keys of the event's own channels: tier 1. */
  readonly own: readonly string[]
  /** Tier 2 and those after it. */
  readonly tiers: readonly Tier[]
  readonly repeat: { readonly times: number; readonly after: number }
  readonly calendar: string | null
  /** What happens outside the hours of the calendar. */
  readonly outside: 'hold' | 'continue' | { readonly policy: string; readonly tiers: readonly Tier[] }
}

/** Why a channel or a pager of a tier was not called. */
export const UNREACHED = {
  removed: 'The configuration has no such channel or pager any more',
  muted: 'The channel is muted',
  silence: 'A silence matches the event in this channel',
  maintenance: 'A maintenance window matches the event in this channel',
  address_missing: 'The channel has no webhook URL, or the pager no key',
} as const

/** A channel or pager of a tier that was not called, and why. */
export interface Unreached {
  readonly name: string
  readonly why: keyof typeof UNREACHED
}

/** What a card says of the escalation that it belongs to. */
export type EscalationNote =
  | {
      readonly kind: 'tier'
      readonly tier: number
      /** Number of the policy's tiers. */
      readonly of: number
      /** Minutes since the gateway received the event. */
      readonly minutes: number
      /** True where a person asked for the tier. */
      readonly by_hand: boolean
      readonly mentions: readonly { readonly name: string; readonly id: string }[]
    }
  | {
      readonly kind: 'reminder'
      /** When the acknowledgement expires, in ISO 8601. */
      readonly expires_at: string
    }

/** An escalation as it is listed. */
export interface EscalationView {
  readonly eventId: string
  readonly correlationId: string | null
  readonly eventType: string
  readonly priority: Priority
  readonly policy: string
  readonly state: EscalationState
  readonly reason: EscalationEnd | null
  /** The tier that was called last; 1 is the event's own channels. */
  readonly tier: number
  readonly tiers: number
  readonly round: number
  readonly since: Date
  /** When the next tier is called, the reminder is sent, or the acknowledgement expires; null where nothing follows. */
  readonly nextAt: Date | null
  /** What happens then: a tier's number, the reminder, or the end of the acknowledgement. */
  readonly next: {
    readonly what: 'tier' | 'reminder' | 'expiry'
    readonly tier: number | null
    readonly channels: readonly string[]
    readonly pagers: readonly string[]
  } | null
  /** The calendar for whose hours the next tier waits. */
  readonly heldBy: string | null
  readonly ackExpiresAt: Date | null
  /** What services that call people were told about the event, and what they told. */
  readonly pagerAlerts: readonly PagerAlert[]
}

/** Filters of a list of escalations. */
export interface EscalationQuery {
  readonly state?: EscalationState | undefined
  readonly priority?: Priority | undefined
  readonly eventType?: string | undefined
  readonly limit: number
  readonly cursor?: string | undefined
}

/** A page of escalations, the next one due first. */
export interface EscalationPage {
  readonly escalations: readonly EscalationView[]
  readonly nextCursor: string | null
}

/** An {@link EscalationView} in JSON. */
export const escalationWire = record({
  event_id: z.string(),
  correlation_id: z.string().nullable(),
  event_type: z.string(),
  priority: z.enum(PRIORITIES),
  policy: z.string(),
  state: z.enum(ESCALATION_STATES),
  reason: z.enum(['resolved', 'discarded', 'digested', 'removed']).nullable(),
  tier: z.number().meta({ description: "The tier that was called last; 1 is the event's own channels." }),
  tiers: z.number().meta({ description: 'Number of tiers.' }),
  round: z.number().meta({ description: 'How often the policy has begun again.' }),
  since: moment.meta({
    description: 'When that tier was called, its wait began again, or the event was acknowledged.',
  }),
  next_at: moment.nullable(),
  next: z
    .object({
      what: z.enum(['tier', 'reminder', 'expiry']),
      tier: z.number().nullable(),
      channels: z.array(z.string()).readonly(),
      pagers: z.array(z.string()).readonly(),
    })
    .nullable()
    .meta({ description: 'What happens at `next_at`; null where nothing follows.' }),
  held_by: z.string().nullable().meta({
    description:
      'What the next tier waits for: the calendar whose working hours it needs, or a `silence` or `maintenance`.',
  }),
  ack_expires_at: moment.nullable(),
  pager_alerts: z.array(pagerAlertWire).meta({
    description:
      'Alerts about the event at PagerDuty or Jira Service Management, each in the state that the service told.',
  }),
})

/** A page of escalations. */
export const escalationPageWire = record({ escalations: z.array(escalationWire), next_cursor: nextCursor })

/** The filters of `GET /v1/escalations`. */
export const escalationQuery = z.strictObject({
  state: oneOf(ESCALATION_STATES).meta({ description: 'Without it, those that have not ended.' }).optional(),
  priority: priorityFilter.optional(),
  event_type: text.optional(),
  ...PAGING,
})

/**
 * Reads the filters of `GET /v1/escalations`.
 *
 * @throws GatewayError `invalid_request`
 */
export function readEscalationQuery(query: Readonly<Record<string, unknown>>): EscalationQuery {
  const { event_type: eventType, ...rest } = readQuery(escalationQuery, query)
  return { ...rest, eventType }
}
