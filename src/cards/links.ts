import type { AcceptedEvent } from '../contract/events.ts'
import { own } from './values.ts'

/** Addresses that link buttons start from: the settings TEAMS_LINK_*. */
export interface LinkBases {
  readonly grafana?: string | undefined
  readonly flower?: string | undefined
  readonly logs?: string | undefined
  readonly claims?: string | undefined
  readonly nphies?: string | undefined
  readonly nphiesStatus?: string | undefined
  readonly nphiesDocs?: string | undefined
  /** By the first word of an event type, for events that name no runbook of their own. */
  readonly runbooks?: Readonly<Record<string, string | undefined>> | undefined
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
  runbook: ({ field, bases, event }) => field('runbook_url') ?? runbookOf(bases, event),
  dashboard: ({ field, bases, event }) =>
    field('dashboard_url') ?? dashboard(bases.grafana, event, field('dashboard_id')),
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
  nphies_status: ({ bases }) => bases.nphiesStatus,
  nphies_docs: ({ bases }) => bases.nphiesDocs,
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

function runbookOf({ runbooks = {} }: LinkBases, { eventType }: AcceptedEvent): string | undefined {
  const [family = ''] = eventType.split('.', 1)
  return Object.hasOwn(runbooks, family) ? runbooks[family] : undefined
}

/** Grafana reads its variables from `var-…`, and opens a dashboard by its id at `/d/<id>`. */
function dashboard(base: string | undefined, event: AcceptedEvent, id: string | undefined): string | undefined {
  if (base === undefined) return undefined
  const url = new URL(base)
  if (id !== undefined) url.pathname = `${url.pathname.replace(/\/d\/.*$|\/+$/, '')}/d/${encoded(id)}`
  url.searchParams.set('var-event_type', event.eventType)
  url.searchParams.set('var-correlation_id', event.correlationId)
  return url.href
}

/** http and https only, and no name before an `@`: `https://teams.microsoft.com@elsewhere/` misleads who reads it. */
function safe(text: string): string | undefined {
  const url = URL.parse(text)
  return url && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '' ? url.href : undefined
}
