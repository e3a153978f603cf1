import type { AcceptedEvent } from '../contract/events.ts'
import { ownField } from './values.ts'

/** Base URLs of link buttons: the settings TEAMS_LINK_*. */
export interface LinkBases {
  readonly grafana?: string | undefined
  readonly flower?: string | undefined
  readonly logs?: string | undefined
  readonly claims?: string | undefined
  readonly nphies?: string | undefined
  readonly nphiesStatus?: string | undefined
  readonly nphiesDocs?: string | undefined
  /** By the first segment of the event type, for events without `runbook_url`. */
  readonly runbooks?: Readonly<Record<string, string | undefined>> | undefined
  readonly notifications?: string | undefined
}

interface LinkSource {
  readonly event: AcceptedEvent
  readonly bases: LinkBases
  /** A data field as text; undefined where it is absent, or patient data. */
  readonly field: (name: string) => string | undefined
}

/** The URL of each link button, without patient data; undefined where its base URL or its data are missing. */
export const LINKS = {
  runbook: ({ field, bases, event }) => field('runbook_url') ?? runbookOf(bases, event),
  dashboard: ({ field, bases, event }) =>
    field('dashboard_url') ?? dashboard(bases.grafana, event, field('dashboard_id')),
  silence: ({ field }) => field('silence_url'),
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

/** The URL of a link button; undefined without a URL, or for an unsafe one. */
export function linkFor(
  name: LinkName,
  event: AcceptedEvent,
  bases: LinkBases,
  phiFields: ReadonlySet<string>,
): string | undefined {
  const field = (name: string) => {
    const value = phiFields.has(name) ? undefined : ownField(event.data, name)
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  const url = LINKS[name]({ event, bases, field })
  return url === undefined ? undefined : safe(url)
}

/** Encodes text for a URL. `encodeURIComponent` alone throws at a lone surrogate. */
function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed())
}

function runbookOf({ runbooks = {} }: LinkBases, { eventType }: AcceptedEvent): string | undefined {
  const [family = ''] = eventType.split('.', 1)
  return Object.hasOwn(runbooks, family) ? runbooks[family] : undefined
}

/** The Grafana URL of an event: variables are `var-…` parameters, a dashboard is at `/d/<id>`. */
function dashboard(base: string | undefined, event: AcceptedEvent, id: string | undefined): string | undefined {
  if (base === undefined) return undefined
  const url = new URL(base)
  if (id !== undefined) url.pathname = `${url.pathname.replace(/\/d\/.*$|\/+$/, '')}/d/${encoded(id)}`
  url.searchParams.set('var-event_type', event.eventType)
  url.searchParams.set('var-correlation_id', event.correlationId)
  return url.href
}

/** Refuses other schemes than http and https, and user names, since `https://teams.microsoft.com@elsewhere/` misleads. */
function safe(text: string): string | undefined {
  const url = URL.parse(text)
  return url && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '' ? url.href : undefined
}
