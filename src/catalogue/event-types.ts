import type { CardData } from './card-data.ts'
import { CELERY } from './event-types/celery.ts'
import { NPHIES } from './event-types/nphies.ts'
import { PLATFORM } from './event-types/platform.ts'
import { RABBITMQ } from './event-types/rabbitmq.ts'
import { SOURCES } from './event-types/sources.ts'
import { VAULT_AND_CELERY } from './event-types/vault-and-celery.ts'
import { VAULT_SOURCE } from './event-types/vault-source.ts'

/**
 * The built-in event types: default priority, default stakeholders, card, and the texts of its cards in each language. Users
 * add their own in the configuration file; `docs/reference/events.md` is written from this table.
 *
 * `gateway.digest`, `gateway.followup` and `audit.checkpoint` are the types of the gateway's own events, which callers can not
 * send: one for each digest, with the priority of the notifications in the digest and for their channel; one for each action and
 * channel; and one a day for the audit trail. Nor can they send `gateway.source.blind` and `gateway.source.recovered`, by which sources
 * report about themselves.
 */
export const EVENT_TYPES = {
  ...VAULT_AND_CELERY,
  ...CELERY,
  ...NPHIES,
  ...PLATFORM,
  ...SOURCES,
  ...VAULT_SOURCE,
  ...RABBITMQ,
} as const

type Catalogue = typeof EVENT_TYPES
type AliasesOf<T extends keyof Catalogue> = Catalogue[T] extends {
  readonly aliases: readonly (infer A extends string)[]
}
  ? A
  : never

/** The type of the events that the gateway writes when it makes a digest. */
export const DIGEST_TYPE = 'gateway.digest'

/** The type of the events with which the gateway keeps a signed checkpoint of the audit trail in Teams. */
export const CHECKPOINT_TYPE = 'audit.checkpoint'

/** The type of the events with which the gateway says in a channel what was done to an event. */
export const FOLLOWUP_TYPE = 'gateway.followup'

type OwnType = typeof DIGEST_TYPE | typeof CHECKPOINT_TYPE | typeof FOLLOWUP_TYPE

/** True for a type of the gateway's own events. */
export function isOwnType(name: string): name is OwnType {
  return name === DIGEST_TYPE || name === CHECKPOINT_TYPE || name === FOLLOWUP_TYPE
}

/** The types of the events by which a source reports that it does not see its system, or sees it again. */
export type SourceType = 'gateway.source.blind' | 'gateway.source.recovered'

/** True for a type that only sources send. */
export function isSourceType(name: string): name is SourceType {
  return name === 'gateway.source.blind' || name === 'gateway.source.recovered'
}

/** True for a type that callers may send, by its name in the catalogue. */
export function isSendable(name: string): boolean {
  return !isOwnType(name) && !isSourceType(name)
}

/** The event types that a caller may send, aliases included: all but those of the gateway and its sources. */
type BuiltInTypes = {
  [T in Exclude<keyof Catalogue, OwnType | SourceType> as T | AliasesOf<T>]: CardData<Catalogue[T]['card']>
}

/**
 * Event types and the type of their data. Add your own, so that the compiler checks them like the built-in ones:
 *
 * ```ts
 * declare module 'claimlinc-teams' {
 *   interface EventTypes { 'pharmacy.stock.low': { drug: string; packs_left: number } }
 * }
 * ```
 */
export interface EventTypes extends BuiltInTypes {}

/** The name of an event type, an alias among them. */
export type EventType = keyof EventTypes & string
