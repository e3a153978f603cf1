import type { CardData } from './card-data.ts'
import { NPHIES } from './event-types/nphies.ts'
import { PLATFORM } from './event-types/platform.ts'
import { VAULT_AND_CELERY } from './event-types/vault-and-celery.ts'

/**
 * The built-in event types: default priority, default stakeholders, card, and the texts of its cards in each language. Users
 * add their own in the configuration file; `docs/reference/events.md` is written from this table.
 *
 * `gateway.digest` is the type of the gateway's own events, one for each digest, with the priority of the notifications in
 * the digest and for their channel. Callers can not send it.
 */
export const EVENT_TYPES = { ...VAULT_AND_CELERY, ...NPHIES, ...PLATFORM } as const

type Catalogue = typeof EVENT_TYPES
type AliasesOf<T extends keyof Catalogue> = Catalogue[T] extends {
  readonly aliases: readonly (infer A extends string)[]
}
  ? A
  : never

/** The type of the events that the gateway writes when it makes a digest. */
export const DIGEST_TYPE = 'gateway.digest'

/** The event types that a caller may send, aliases included: all but digests. */
type BuiltInTypes = {
  [T in Exclude<keyof Catalogue, typeof DIGEST_TYPE> as T | AliasesOf<T>]: CardData<Catalogue[T]['card']>
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
