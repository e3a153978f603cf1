import { z } from 'zod'
import { PRIORITIES, type Priority } from '../catalogue/priority.ts'
import { ACTION_NAMES, type ActionName } from '../catalogue/roles.ts'
import { keptId } from '../kernel/ids.ts'
import type { JsonObject } from '../kernel/json.ts'
import { count, moment, record } from './json-names.ts'
import type { NotificationView } from './notifications.ts'
import { nextCursor, oneOf, PAGING, readQuery, time } from './query.ts'
import { TASK_RESULTS } from './task-results.ts'

export { ACTION_NAMES, type ActionName }

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
  'source',
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
  /** The same key of the same caller gets the first answer again; nothing is done twice. At most 200 characters. */
  readonly idempotencyKey?: string
}

/** An action from a caller, before any check. An `eventId` that is no UUID is read as a correlation id. */
export interface UncheckedAction {
  readonly action?: unknown
  readonly notificationId?: unknown
  readonly eventId?: unknown
  readonly correlationId?: unknown
  readonly reason?: unknown
  readonly note?: unknown
  readonly tier?: unknown
  readonly quietFor?: unknown
  readonly idempotencyKey?: unknown
}

/**
 * Why an action was refused, failed, waits or is unknown. A code is a contract: answers, `teams_actions.code`, pages and audit
 * entries have it.
 */
export const ACTION_RESULTS = {
  already_acknowledged: {
    title: 'Somebody has acknowledged it already',
    todo: 'Nothing. The answer says who, and when.',
  },
  not_acknowledged: { title: 'Nobody has acknowledged it', todo: 'Nothing: escalation goes on as it is.' },
  already_discarded: { title: 'Somebody has discarded it already', todo: 'Nothing. The answer says who, and when.' },
  not_discarded: { title: 'It is not discarded', todo: 'Nothing to restore.' },
  restore_too_late: {
    title: 'It was discarded too long ago to be restored',
    todo: 'Send the event again. TEAMS_RESTORE_WINDOW says how long a discard can be taken back.',
  },
  discarded: { title: 'It is discarded', todo: 'Restore it first.' },
  resolved: { title: 'It is over: another event has resolved it', todo: 'Nothing.' },
  not_failed: {
    title: 'No notification of it has failed',
    todo: 'Only a notification in state "failed" can be sent again.',
  },
  already_escalated: {
    title: 'Somebody has just escalated it',
    todo: 'Name the tier, to call another one within the same minute.',
  },
  no_policy: {
    title: 'It does not climb: no escalation policy is for it, it stands in a digest, or TEAMS_ESCALATION is off',
    todo: 'Call somebody. Then set TEAMS_ESCALATION=on, or add a policy to the configuration file.',
  },
  no_such_tier: {
    title: 'Its policy has no such tier, or none after the present one',
    todo: 'Name a tier of its policy.',
  },
  not_open: { title: 'It is resolved or discarded', todo: 'Nothing.' },
  reached_nobody: {
    title: 'Neither its tier nor a later one can be called now: muted, silenced, removed, or without address or key',
    todo: 'Call somebody. Then look at the channels and pagers of the policy, and at the silences.',
  },
  not_offered: {
    title: 'The gateway has nothing that does this for the event',
    todo: 'Do it in the system itself, or give the gateway an action provider.',
  },
  already_running: { title: 'It is being done already', todo: 'Wait for its result.' },
  provider_failed: { title: 'The attempt failed', todo: 'Look at the log line of the action, then try again.' },
  provider_lost: {
    title: 'It was begun, and what became of it is not known',
    todo: 'Look in the other system before you try again: it may have been done.',
  },
  ...TASK_RESULTS,
  not_permitted: {
    title: 'None of your roles may do this',
    todo: 'Ask somebody with one of the roles that the answer names.',
  },
  not_verified: {
    title: 'Only a verified person may do this',
    todo: 'Sign in. A name that was typed is good for acknowledging alone.',
  },
  second_person_needed: {
    title: 'A second person has to confirm it',
    todo: 'Let another verified person do the same within an hour.',
  },
  same_person: { title: 'The person who asked for it can not confirm it', todo: 'Let another verified person do it.' },
  confirmed_elsewhere: {
    title: 'It was asked for elsewhere, where the same person may have another id',
    todo: 'Confirm it where it was asked for: on the page behind the button, or through the same program.',
  },
  other_inputs: {
    title: 'It was asked for with another tier or another time of quiet',
    todo: 'Give the values that the answer names, or let the request expire within an hour.',
  },
  not_confirmed: { title: 'No second person confirmed it in time', todo: 'Ask for it again.' },
} as const satisfies Readonly<Record<string, { readonly title: string; readonly todo: string }>>

/** A key of {@link ACTION_RESULTS}. */
export type ActionResult = keyof typeof ACTION_RESULTS

/** An action in answers of the service. */
export interface ActionView {
  readonly id: string
  readonly action: ActionName
  readonly state: ActionState
  /** Why it was refused or failed, or what is to be known of its end: a key of `ACTION_RESULTS`; null where it needs none. */
  readonly result: ActionResult | null
  readonly eventId: string
  readonly notificationId: string | null
  /** Null, as type and priority are, where retention has removed the event. */
  readonly correlationId: string | null
  readonly eventType: string | null
  readonly priority: Priority | null
  /** Who did it, as recorded. */
  readonly by: string
  readonly via: ActorVia
  readonly verified: boolean
  readonly reason: string | null
  readonly note: string | null
  readonly tier: number | null
  readonly quietUntil: Date | null
  /**
   * What else is to be known: what the other side of a `retry`, `poll` or `escalate` said; of `already_…` who did it before (`by`,
   * `at`, `verified`, `action_id`); of `not_permitted` which roles may (`ask`).
   */
  readonly data: JsonObject | null
  /** How many events it was done to: of a digest its members, too. 0 for one that was not done. */
  readonly events: number
  readonly requestedAt: Date
  readonly finishedAt: Date | null
}

/** The answer to an action. */
export interface ActionAnswer extends ActionView {
  /** The notification that was asked for, or the first of the event, after the action. */
  readonly notification: NotificationView | null
  /**
   * The Adaptive Card that replaces the notification's: it says who did what, and has no buttons that act, as a stored card holds no
   * working link. Null where no card was rendered yet, or retention has removed it.
   */
  readonly card: JsonObject | null
}

/** Filters of a list of actions. */
export interface ActionQuery {
  readonly eventId?: string
  readonly correlationId?: string
  readonly action?: ActionName
  readonly state?: ActionState
  readonly since?: Date
  readonly until?: Date
  /** At most this many, 1 to 500. */
  readonly limit: number
  readonly cursor?: string
}

/** Whether an input of an action is needed. */
export type InputNeed = 'required' | 'optional' | 'none'

/** A tier of an event's policy, by what calling it does. */
export interface PageTier {
  /** Its number, from 1: the event's own channels. */
  readonly tier: number
  /** Display names of the channels that get a card. */
  readonly channels: readonly string[]
  /** Names of the people who are mentioned on it. */
  readonly people: readonly string[]
  /** Names of the pagers that get an alert. */
  readonly pagers: readonly string[]
  /** True for the tier that is called where none is named. */
  readonly isNext: boolean
  /** When the next tier is called without anybody asking; null where it is not. */
  readonly at: Date | null
}

/** What a person sees before an action: nothing is changed or recorded by reading it. */
export interface ActionPage {
  readonly action: ActionName
  readonly notification: NotificationView
  /** Display name of its channel. */
  readonly channelName: string
  /** What happened, as the card says it, in the language of the notification; null where no card was rendered yet. */
  readonly heading: string | null
  /** Whether the action would be done now. */
  readonly possible: boolean
  /** Why not, or `second_person_needed`; null where it would be done. */
  readonly result: ActionResult | null
  /** As in {@link ActionView.data}; where somebody has asked first, who (`by`), when (`at`), and with which `tier` and `quiet_for`. */
  readonly data: JsonObject | null
  readonly inputs: {
    readonly reason: InputNeed
    readonly note: InputNeed
    readonly tier: InputNeed
    readonly quietFor: InputNeed
  }
  /** Of `escalate`: the tiers that can be called; none where no policy is for the event. */
  readonly tiers: readonly PageTier[]
  /** How many events it would be done to. */
  readonly events: number
  /** `until` is null for an acknowledgement that never expires. */
  readonly acknowledged: { readonly by: string; readonly at: Date; readonly until: Date | null } | null
  readonly discarded: { readonly by: string; readonly at: Date; readonly quietUntil: Date | null } | null
  readonly resolved: boolean
  /** What was done to the event before, the newest first; at most 20. */
  readonly earlier: readonly ActionView[]
}

/** The fields of an {@link ActionView} in JSON. */
export const actionShape = {
  id: z.string(),
  action: z.enum(ACTION_NAMES),
  state: z.enum(ACTION_STATES),
  result: z
    .enum(Object.keys(ACTION_RESULTS) as [ActionResult, ...ActionResult[]])
    .nullable()
    .meta({
      description: 'Why it was refused or failed, or what it waits for; null where it needs no reason.',
    }),
  event_id: z.string(),
  notification_id: z.string().nullable(),
  correlation_id: z.string().nullable(),
  event_type: z.string().nullable(),
  priority: z.enum(PRIORITIES).nullable(),
  by: z.string(),
  via: z.enum(ACTOR_WAYS),
  verified: z
    .boolean()
    .meta({ description: 'True where Entra, or a relay with a credential of its own, vouches for the person.' }),
  reason: z.string().nullable(),
  note: z.string().nullable(),
  tier: z.number().nullable(),
  quiet_until: moment.nullable(),
  data: z
    .custom<JsonObject>((value) => typeof value === 'object' && value !== null)
    .meta({ type: 'object' })
    .nullable()
    .meta({
      description:
        'What the other side said; of already_… who did it before and when; of not_permitted the roles that may, as "ask".',
    }),
  events: count.meta({ description: 'How many events it was done to: of a digest its members, too.' }),
  requested_at: moment,
  finished_at: moment.nullable(),
}

/** An {@link ActionView} in JSON. */
export const actionWire = record(actionShape)

/** A page of actions, the newest first. */
export const actionPageWire = record({ actions: z.array(actionWire), next_cursor: nextCursor })

const id = (of: string) =>
  z
    .uuid({ error: `the id of ${of}` })
    .transform((text) => text.toLowerCase())
    .optional()

/** The filters of `GET /v1/actions`. */
export const actionQuery = z.strictObject({
  event_id: id('an event').meta({ description: 'Actions that were done to this event, or asked for.' }),
  correlation_id: z
    .string({ error: 'some text' })
    .min(1, { error: 'some text' })
    .meta({ description: 'Actions on the events with this correlation id.' })
    .optional(),
  action: oneOf(ACTION_NAMES).optional(),
  state: oneOf(ACTION_STATES).optional(),
  since: time.optional(),
  until: time.optional(),
  ...PAGING,
})

/**
 * Reads the filters of `GET /v1/actions`.
 *
 * @throws GatewayError `invalid_request`
 */
export function readActionQuery(query: Readonly<Record<string, unknown>>): ActionQuery {
  const { event_id, correlation_id, action, state, since, until, limit, cursor } = readQuery(actionQuery, query)
  return {
    limit,
    ...(event_id === undefined ? {} : { eventId: event_id }),
    ...(correlation_id === undefined ? {} : { correlationId: keptId(correlation_id) }),
    ...(action === undefined ? {} : { action }),
    ...(state === undefined ? {} : { state }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...(cursor === undefined ? {} : { cursor }),
  }
}
