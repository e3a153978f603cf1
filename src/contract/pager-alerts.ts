import { z } from 'zod'
import { moment, record } from './json-names.ts'

/**
 * State of a pager alert, as the service told it:
 *
 * - `pending`: not accepted by the service yet
 * - `accepted`: the service accepted the request, which does not prove that anybody is called
 * - `opened`: the service said that there is an alert or an incident
 * - `acknowledged`: somebody acknowledged it there
 * - `resolved`: it was resolved or closed there
 * - `failed`: the service refuses it, or could not be reached for too long; `code` says why
 * - `folded`: it is part of another pager alert with the same fingerprint, because there are more than the service takes
 * - `skipped`: the event was acknowledged or over before the service had certainly taken it; where a request may have arrived, `told`
 *   says that the service was told of that
 */
const PAGER_ALERT_STATES = [
  'pending',
  'accepted',
  'opened',
  'acknowledged',
  'resolved',
  'failed',
  'folded',
  'skipped',
] as const

/** State of a pager alert. */
export type PagerAlertState = (typeof PAGER_ALERT_STATES)[number]

/** What a service is told about an event. */
export type PagerAlertRequest = 'trigger' | 'acknowledge' | 'resolve'

/** Why a pager alert failed or has to be sent again, each with what to do. */
export const PAGER_ALERT_CODES = {
  throttled: {
    retried: true,
    means: 'The service answered 429; the request was not kept.',
    todo: 'Nothing: it is sent again after the time that the service names. If it stays, lower `per_minute` of the pager, or ask the service for more.',
  },
  unavailable: {
    retried: true,
    means: 'The service answered 5xx.',
    todo: 'Nothing: it is sent again. The status page of the service says whether it is down.',
  },
  no_answer: {
    retried: true,
    means: 'The request was sent and no answer came. The service may have taken it.',
    todo: 'Nothing: it is sent again with the same key, which joins the alert if there is one.',
  },
  not_reached: {
    retried: true,
    means: 'No connection to the service could be opened.',
    todo: 'Let the gateway reach the host of the pager, directly or through HTTPS_PROXY: `claimlinc-teams doctor`.',
  },
  key_missing: {
    retried: true,
    means: 'The pager has no key: none is set, or Vault could not be read.',
    todo: 'Set TEAMS_PAGER_KEY_<NAME>, or the field of the pager in TEAMS_PAGERS_FILE or Vault.',
  },
  not_processed: {
    retried: true,
    means: 'The service accepted the request, and did not say in time what came of it.',
    todo: 'Nothing: it is sent again with the same key.',
  },
  refused: {
    retried: false,
    means: 'The service refuses the request (400, 404, 422).',
    todo: 'Report it: what the gateway sends keeps the limits of the service.',
  },
  key_refused: {
    retried: false,
    means: 'The service refuses the key (401, 403; of PagerDuty 400 with an error about routing_key).',
    todo: 'Make a new integration key at the service and set it.',
  },
  plan_refused: {
    retried: false,
    means: 'The plan of the account does not allow it (402).',
    todo: 'Look at the plan of the account at the service.',
  },
  not_done: {
    retried: false,
    means: 'The service took the request and then did not do it: for example an alert that is closed there already.',
    todo: 'For a pager alert in state `failed`, look at the integration at the service. Otherwise nothing.',
  },
  pager_removed: {
    retried: false,
    means: 'The configuration has no such pager any more.',
    todo: 'End its alert at the service by hand. To let the gateway end alerts, keep a pager until they are over.',
  },
  gave_up: {
    retried: false,
    means: 'The service could not be told for six hours.',
    todo: 'See the log for the cause before; then escalate by hand.',
  },
} as const satisfies Readonly<
  Record<string, { readonly retried: boolean; readonly means: string; readonly todo: string }>
>

/** Why a pager alert failed or has to be sent again. */
export type PagerAlertCode = keyof typeof PAGER_ALERT_CODES

/** A pager alert: one event at one service that calls people. */
export interface PagerAlert {
  readonly id: string
  readonly eventId: string
  /** Name of the pager in the configuration. */
  readonly pager: string
  /** Tier of the escalation policy that asked for it. */
  readonly tier: number
  readonly state: PagerAlertState
  /** What the service is to know. */
  readonly wanted: PagerAlertRequest
  /** The last of it that the service accepted; null before the first. */
  readonly told: PagerAlertRequest | null
  /** Why it failed, or is sent again: a key of `PAGER_ALERT_CODES`. */
  readonly code: string | null
  readonly statusCode: number | null
  /** The pager alert that this one is part of. */
  readonly foldedInto: string | null
  readonly acceptedAt: Date | null
  readonly openedAt: Date | null
  readonly acknowledgedAt: Date | null
  /** Who acknowledged it at the service, by the name that the service gives. */
  readonly acknowledgedBy: string | null
  readonly resolvedAt: Date | null
  readonly createdAt: Date
}

/** A {@link PagerAlert} in JSON. */
export const pagerAlertWire = record({
  id: z.string(),
  event_id: z.string(),
  pager: z.string().meta({ description: 'Name of the pager in the configuration.' }),
  tier: z.number(),
  state: z.enum(PAGER_ALERT_STATES).meta({
    description:
      'As the service told it: accepted (it took the request), opened (there is an alert), acknowledged, resolved. failed, folded and skipped are ends of the gateway.',
  }),
  wanted: z.enum(['trigger', 'acknowledge', 'resolve']),
  told: z.enum(['trigger', 'acknowledge', 'resolve']).nullable(),
  code: z.string().nullable(),
  status_code: z.number().nullable(),
  folded_into: z.string().nullable(),
  accepted_at: moment.nullable(),
  opened_at: moment.nullable(),
  acknowledged_at: moment.nullable(),
  acknowledged_by: z.string().nullable(),
  resolved_at: moment.nullable(),
  created_at: moment,
})
