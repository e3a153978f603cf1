import { createHmac, timingSafeEqual } from 'node:crypto'
import { isObject } from '../kernel/json.ts'
import type { Secret } from '../kernel/secret.ts'
import { readAlertKey } from './alert-content.ts'

/** Signatures that are compared at most: PagerDuty sends one for each secret of a subscription. */
const MOST_SIGNATURES = 8

/**
 * Whether one of the secrets made one of the signatures over exactly these bytes: `v1=<hex>[,v1=<hex>]`
 * (https://developer.pagerduty.com/docs/verifying-webhook-signatures). Every pair is compared, also after one that fits, so that
 * the duration reveals nothing about the secrets.
 */
export function isSignedBy(header: string, body: Uint8Array, secrets: readonly Secret[]): boolean {
  const shown = header
    .split(',')
    .slice(0, MOST_SIGNATURES)
    .flatMap((part) => /^\s*v1=([0-9a-f]{64})\s*$/.exec(part)?.[1] ?? [])
    .map((hex) => Buffer.from(hex, 'hex'))
  let fits = false
  for (const secret of secrets) {
    const own = createHmac('sha256', secret.reveal()).update(body).digest()
    for (const signature of shown) if (timingSafeEqual(own, signature)) fits = true
  }
  return fits
}

/** A webhook that tells of an incident. */
export interface PagerDutyWebhook {
  /** The same for each delivery of one webhook. */
  readonly id: string
  readonly occurredAt: Date
  /** Undefined for one that says nothing about a pager alert: a test, a note, an incident of another program. */
  readonly told:
    | {
        readonly eventId: string
        readonly generation: number
        readonly state: 'opened' | 'acknowledged' | 'resolved'
        /** Who did it; null where a service or the gateway itself did. */
        readonly person: { readonly id: string; readonly name: string | null } | null
      }
    | undefined
}

const STATES: Readonly<Record<string, 'opened' | 'acknowledged' | 'resolved'>> = {
  'incident.triggered': 'opened',
  'incident.acknowledged': 'acknowledged',
  'incident.resolved': 'resolved',
}

/** Reads the body of a v3 webhook (https://developer.pagerduty.com/docs/webhooks-overview); undefined for anything else. */
export function readPagerDutyWebhook(body: Uint8Array): PagerDutyWebhook | undefined {
  const { event } = objectOf(body)
  if (!isObject(event)) return undefined
  const { id, event_type: type, occurred_at: occurred } = event
  const occurredAt = new Date(typeof occurred === 'string' ? occurred : Number.NaN)
  if (typeof id !== 'string' || !/^[\x21-\x7e]{1,200}$/.test(id)) return undefined
  if (typeof type !== 'string' || Number.isNaN(occurredAt.getTime())) return undefined
  const state = Object.hasOwn(STATES, type) ? STATES[type] : undefined
  const key = readAlertKey(isObject(event.data) ? event.data.incident_key : undefined)
  return {
    id,
    occurredAt,
    told: state === undefined || key === undefined ? undefined : { ...key, state, person: personOf(event.agent) },
  }
}

/** The person behind a change. An acknowledgement that the gateway itself sent comes back with a service as its agent. */
function personOf(agent: unknown): { readonly id: string; readonly name: string | null } | null {
  if (!isObject(agent) || agent.type !== 'user_reference' || typeof agent.id !== 'string' || agent.id === '')
    return null
  return { id: agent.id, name: typeof agent.summary === 'string' ? agent.summary : null }
}

function objectOf(body: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
    return isObject(value) ? value : {}
  } catch {
    return {}
  }
}
