import { z } from 'zod'
import { PRIORITIES, type Priority } from '../catalogue/priority.ts'
import type { JsonObject } from '../kernel/json.ts'
import { moment, record } from './json-names.ts'
import { nextCursor } from './query.ts'

/**
 * What a person does with a card, and what it means for the event:
 *
 * - `acknowledge`: somebody looks after it; escalation stops until the acknowledgement expires
 * - `unacknowledge`: nobody does any more; escalation goes on
 * - `escalate`: a tier of its policy is called at once
 * - `discard`: it leaves what is open; its repeats stay quiet for as long as the person chose
 * - `restore`: takes a discard back, within TEAMS_RESTORE_WINDOW
 * - `replay`: a failed notification is sent again
 * - `retry`, `poll`: work outside the gateway, by an action provider
 */
export const ACTION_NAMES = [
  'acknowledge',
  'unacknowledge',
  'escalate',
  'discard',
  'restore',
  'replay',
  'retry',
  'poll',
] as const

/** The name of an action. */
export type ActionName = (typeof ACTION_NAMES)[number]

/** States of an action. `unknown`: it was begun, and whether the other side did it is not known; its result says where to look. */
export const ACTION_STATES = ['requested', 'running', 'done', 'refused', 'failed', 'unknown'] as const

/** State of an action. */
export type ActionState = (typeof ACTION_STATES)[number]

/** How it is known who acts. `typed`: a name that somebody typed, which proves nothing. */
export const ACTOR_WAYS = [
  'entra',
  'typed',
  'token',
  'signature',
  'command_line',
  'library',
  'pagerduty',
  'opsgenie',
  'gateway',
  'unauthenticated',
] as const

/** How it is known who acts. */
export type ActorVia = (typeof ACTOR_WAYS)[number]

/** Who acts. */
export interface Actor {
  readonly via: ActorVia
  /** Stable id at the place that knows the person, such as an Entra object id; null where there is none. */
  readonly id: string | null
  /** Display name; null where nobody has one. */
  readonly name: string | null
  /** True where somebody who can know vouches for the identity: Entra, or a relay with a credential of its own. */
  readonly verified: boolean
  /** Names of the configuration's roles that the person has; empty for programs. */
  readonly roles: readonly string[]
  /** Origin of the relay that vouches for the person, such as `http:power-automate`; null where none does. */
  readonly relayedBy: string | null
}

/** What an action is done to: an event, through itself, one of its notifications, or the correlation id that events share. */
export type ActionTarget =
  | { readonly notificationId: string }
  | { readonly eventId: string }
  | { readonly correlationId: string }

/** What a person adds to an action. */
export interface ActionInputs {
  /** Why. Needed for `discard` and `escalate`. Passes the guard for patient data. */
  readonly reason?: string
  readonly note?: string
  /** Tier of the escalation policy, from 1; the next one if absent. Only for `escalate`. */
  readonly tier?: number
  /** Seconds for which repeats of a discarded event stay quiet. Only for `discard`. */
  readonly quietFor?: number
}

/** An action as a caller asks for it. */
export interface ActionRequest {
  readonly action: ActionName
  readonly target: ActionTarget
  readonly inputs?: ActionInputs
  /** The same key gets the first answer again; nothing is done twice. */
  readonly idempotencyKey?: string
}

/** An action in answers of the service. */
export interface ActionView {
  readonly id: string
  readonly action: ActionName
  readonly state: ActionState
  /** Why it was refused or failed, or what is to be known of its end: a key of `ACTION_RESULTS`; null where it needs none. */
  readonly result: string | null
  readonly eventId: string
  readonly notificationId: string | null
  readonly correlationId: string
  readonly eventType: string
  readonly priority: Priority
  /** Who did it, as recorded. */
  readonly by: string
  readonly via: ActorVia
  readonly verified: boolean
  readonly reason: string | null
  readonly note: string | null
  readonly tier: number | null
  readonly quietUntil: Date | null
  /** What the other side of a `retry`, `poll` or `escalate` said. */
  readonly data: JsonObject | null
  readonly requestedAt: Date
  readonly finishedAt: Date | null
}

/** An {@link ActionView} in JSON. */
export const actionWire = record({
  id: z.string(),
  action: z.enum(ACTION_NAMES),
  state: z.enum(ACTION_STATES),
  result: z.string().nullable(),
  event_id: z.string(),
  notification_id: z.string().nullable(),
  correlation_id: z.string(),
  event_type: z.string(),
  priority: z.enum(PRIORITIES),
  by: z.string(),
  via: z.enum(ACTOR_WAYS),
  verified: z
    .boolean()
    .meta({ description: 'True where Entra, or a relay with a credential of its own, vouches for the person.' }),
  reason: z.string().nullable(),
  note: z.string().nullable(),
  tier: z.number().nullable(),
  quiet_until: moment.nullable(),
  data: z.custom<JsonObject>().nullable().meta({ type: 'object' }),
  requested_at: moment,
  finished_at: moment.nullable(),
})

/** A page of actions, the newest first. */
export const actionPageWire = record({ actions: z.array(actionWire), next_cursor: nextCursor })
