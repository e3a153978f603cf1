import { isObject, type Json, type JsonObject } from '../../kernel/json.ts'
import type { Entry } from './read-entry.ts'

/** What an event's entry says of one of its notifications, and the event itself. */
export interface Routing {
  readonly entry: Entry
  readonly item: JsonObject
  /** The event's row; undefined where it is gone. */
  readonly event: { readonly correlation_id: string; readonly salt: string | null } | undefined
}

/**
 * The notifications that an event's entries name, by id: its own, and those that tiers of its escalation added later. Their columns
 * are those of the event, so that the entry of its acceptance says them.
 */
export function routingOf(
  accepted: Entry,
  entries: readonly Entry[],
  event: Routing['event'],
): readonly (readonly [string, Routing])[] {
  const naming = [accepted, ...entries.filter(({ kind }) => ADDING.has(kind))]
  return naming.flatMap(({ fields }) => {
    const list = Array.isArray(fields.notifications) ? (fields.notifications as readonly Json[]) : []
    return list.flatMap((item) =>
      isObject(item) && typeof item.id === 'string' ? [[item.id, { entry: accepted, item, event }] as const] : [],
    )
  })
}

/** Kinds of entries that add notifications to an event. */
const ADDING: ReadonlySet<string> = new Set(['escalation.called', 'escalation.reminded'])

/** A value and the entry that says so. */
interface Said<T> {
  readonly value: T
  readonly entry: Entry
}

/** What the entries about a notification come to. `undefined` where nothing is known, as for rows from before the trail. */
export interface History {
  readonly routing: Routing | undefined
  /** State, reason, times and hashes after the last change. */
  readonly last: Said<Readonly<Record<string, Json | undefined>>> | undefined
  readonly attempts: Said<number> | undefined
  readonly card: Said<Json> | undefined
  readonly digest: Said<Json> | undefined
  readonly silence: Said<Json> | undefined
  readonly repeatOf: Said<Json> | undefined
  /** Acknowledgement and action after the last action. */
  readonly acted: Said<Readonly<Record<string, Json | undefined>>> | undefined
}

/** Fields of a notification that has only been written. */
const UNTOUCHED = { status_code: null, retry_count: 0, sent_at: null, accepted_at: null, error: null, address: null }

/** Fields of a notification whose event nobody has acted on. */
const NOT_ACTED = { type: null, acknowledged_at: null, acknowledged_by: null, quiet_until: null, action_data: null }

/** Goes through the entries about a notification, in the order of their ids. */
export function historyOf(routing: Routing | undefined, entries: readonly Entry[]): History {
  const first = routing?.entry
  const begin = <T>(value: T | undefined): Said<T> | undefined =>
    first === undefined || value === undefined ? undefined : { value, entry: first }
  let last: History['last'] = begin(routing && { ...UNTOUCHED, state: routing.item.state, reason: routing.item.reason })
  let attempts = begin<number>(0)
  let card = begin<Json>(null)
  let digest = begin<Json>(null)
  let silence = begin(routing?.item.silence)
  let repeatOf = begin(routing?.item.repeat_of)
  let acted: History['acted'] = begin(routing && NOT_ACTED)
  for (const entry of entries) {
    const { kind, fields } = entry
    // An attempt of a turn that had lost the notification: of the notification it says nothing.
    if (fields.state === null) continue
    const counted = (change: number) => {
      if (attempts) attempts = { value: attempts.value + change, entry }
    }
    if (fields.state !== undefined) last = { value: fields, entry }
    if (fields.card !== undefined && fields.card !== null) card = { value: fields.card, entry }
    if (kind === 'attempt.finished' && fields.posted === true) counted(1)
    if (kind === 'attempt.interrupted') counted(1)
    if (kind === 'attempt.never_made') counted(-1)
    if (kind === 'notification.digested') digest = { value: fields.digest ?? null, entry }
    if (kind === 'notification.suppressed') silence = { value: fields.silence ?? null, entry }
    if (kind === 'notification.result_known_late' && fields.state === 'accepted') silence = { value: null, entry }
    if (kind === 'notification.acted') acted = { value: fields, entry }
    if (kind === 'notification.acknowledgement_expired' && acted)
      acted = { value: { ...acted.value, acknowledged_at: null, acknowledged_by: null }, entry }
    if (kind === 'notification.released') repeatOf = { value: null, entry }
  }
  return { routing, last, attempts, card, digest, silence, repeatOf, acted }
}
