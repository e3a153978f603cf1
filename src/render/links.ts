import type { AcceptedEvent } from '../events/event.ts'
import { own } from './values.ts'

/** Addresses that link buttons start from: the settings TEAMS_LINK_*. */
export interface LinkBases {
  readonly grafana?: string | undefined
  readonly flower?: string | undefined
  readonly logs?: string | undefined
  readonly claims?: string | undefined
  readonly nphies?: string | undefined
  readonly notifications?: string | undefined
}

interface LinkSource {
  readonly event: AcceptedEvent
  readonly bases: LinkBases
  /** A data field as text; undefined where it is absent, or patient data. */
  readonly field: (name: string) => string | undefined
}

/** Where each link button leads; undefined where there is no address for it. No patient data in any URL. */
export const LINKS = {
  runbook: ({ field }) => field('runbook_url'),
  dashboard: ({ field, bases, event }) => field('dashboard_url') ?? dashboard(bases.grafana, event),
  flower: ({ field, bases }) => {
    const task = field('task_id')
    if (bases.flower === undefined || task === undefined) return undefined
    return `${bases.flower.replace(/\/+$/, '')}/task/${encoded(task)}`
  },
  logs: ({ bases, event }) => bases.logs?.replaceAll('{correlation_id}', encoded(event.correlationId)),
  claim: ({ field, bases }) => {
    const claim = field('claim_id')
    return claim === undefined ? undefined : bases.claims?.replaceAll('{claim_id}', encoded(claim))
  },
  nphies: ({ bases }) => bases.nphies,
  notifications: ({ field, bases }) => {
    const digest = field('digest_id')
    return digest === undefined ? undefined : bases.notifications?.replaceAll('{digest_id}', encoded(digest))
  },
} as const satisfies Record<string, (source: LinkSource) => string | undefined>

/** Name of a link button. */
export type LinkName = keyof typeof LINKS

/** The address behind a link button; undefined where there is none that a person could safely open. */
export function linkFor(
  name: LinkName,
  event: AcceptedEvent,
  bases: LinkBases,
  phiFields: ReadonlySet<string>,
): string | undefined {
  const field = (name: string) => {
    const value = phiFields.has(name) ? undefined : own(event.data, name)
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  const url = LINKS[name]({ event, bases, field })
  return url === undefined ? undefined : safe(url)
}

/** Half a surrogate pair would make `encodeURIComponent` throw. */
function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed())
}

/** Grafana reads its variables from `var-…`. */
function dashboard(base: string | undefined, event: AcceptedEvent): string | undefined {
  if (base === undefined) return undefined
  const url = new URL(base)
  url.searchParams.set('var-event_type', event.eventType)
  url.searchParams.set('var-correlation_id', event.correlationId)
  return url.href
}

/** http and https only, and no name before an `@`: `https://teams.microsoft.com@elsewhere/` misleads who reads it. */
function safe(text: string): string | undefined {
  const url = URL.parse(text)
  return url && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '' ? url.href : undefined
}
