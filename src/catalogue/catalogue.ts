import type { z } from 'zod'
import type { JsonObject } from '../kernel/json.ts'
import type { AlertmanagerDefinition } from './alertmanagers.ts'
import type { CardName } from './card-data.ts'
import type { Escalation } from './escalation.ts'
import type { HeartbeatDefinition } from './heartbeats.ts'
import type { Language } from './language.ts'
import type { PagerDefinition } from './pagers.ts'
import type { Priority } from './priority.ts'
import type { ActionName, RoleDefinition } from './roles.ts'
import type { SourceDefinition } from './source-definitions.ts'
import type { GroupDefinition, StakeholderKey } from './stakeholder-groups.ts'

/** One built-in event type. */
export interface EventTypeRow {
  readonly priority: Priority
  readonly stakeholders: readonly StakeholderKey[]
  readonly card: CardName
  /** Older names that are still accepted. */
  readonly aliases?: readonly string[]
  /**
   * Heading of its cards, and its meaning for their readers. Texts under `events` in the user's own
   * `strings/<language>.json` take precedence. A title may name data fields in braces.
   */
  readonly words: { readonly [L in Language]: { readonly title: string; readonly meaning: string } }
}

/** One event type, built in or the user's own. */
export interface EventTypeDefinition {
  readonly name: string
  readonly priority: Priority
  readonly stakeholders: readonly string[]
  /** Name of the template of its cards. */
  readonly card: string
  /** Checks `data`; keeps unknown fields. */
  readonly schema: z.ZodObject
  /** Top-level data fields that are patient data. */
  readonly phiFields: ReadonlySet<string>
  /** Fields that the configuration marks `phi: false`, although their names may be those of identifiers. */
  readonly plainFields?: ReadonlySet<string>
  /** Data fields that must be equal, besides the type, for events to share a digest. */
  readonly fingerprint: readonly string[]
  /** Data field whose values are counted on a digest. */
  readonly groupBy: string | undefined
  /** Data fields that identify an event's subject; if empty, the caller's correlation id does. */
  readonly dedup: readonly string[]
  /** Event types that an event of this type resolves if they have the same subject. */
  readonly resolves: readonly string[]
}

/** The card budget of a channel: a token bucket. */
export interface Budget {
  /** Cards per period. */
  readonly requests: number
  /** The period, in seconds. */
  readonly period: number
  /** Cards that a channel with a full budget may get at once. */
  readonly burst: number
}

/** A person who is mentioned on a channel's cards. `id` is an Entra object id or a user principal name. */
export interface Mention {
  readonly name: string
  readonly id: string
  /** Priorities on whose cards the person is mentioned. */
  readonly priorities: readonly Priority[]
}

/** One Teams destination. Its webhook URL is a secret and not part of the catalogue: see `src/secrets/`. */
export interface Channel {
  readonly key: string
  /** Display name, for example `#sre-alerts`. */
  readonly name: string
  /** Body that the flow behind the webhook accepts: a message with attachments (the stock template), or the card alone. */
  readonly payload: 'envelope' | 'bare'
  /** How the flow authenticates the gateway: by the signature in the URL, or by an Entra token. */
  readonly auth: 'sas' | 'entra'
  readonly language: Language
  readonly budget: Budget
  readonly mentions: readonly Mention[]
  /** True for a channel that gets no cards: its notifications are recorded as `suppressed`. */
  readonly muted: boolean
}

/** Sends matching events to further channels, or to other channels instead. */
export interface Route {
  readonly when: {
    /** Exact type, or a prefix with a star: `celery.*`. */
    readonly eventType?: string
    readonly priorities?: readonly Priority[]
    /** Key of a stakeholder group of the event. */
    readonly stakeholder?: string
  }
  /** Channel keys. */
  readonly channels: readonly string[]
  /** `add` sends to these channels too, `only` to these instead of the groups' channels. */
  readonly mode: 'add' | 'only'
}

/** The names that an event may use: the built-in ones, and the user's own from the configuration file. */
export interface Catalogue {
  readonly eventTypes: ReadonlyMap<string, EventTypeDefinition>
  /** Older names of event types. */
  readonly aliases: ReadonlyMap<string, string>
  readonly groups: ReadonlyMap<string, GroupDefinition>
  readonly channels: ReadonlyMap<string, Channel>
  readonly routes: readonly Route[]
  readonly escalation: Escalation
  /** Services that call people, by name. */
  readonly pagers: ReadonlyMap<string, PagerDefinition>
  /** Senders of Alertmanager's webhooks, by name. */
  readonly alertmanagers: ReadonlyMap<string, AlertmanagerDefinition>
  /** Outside systems that are watched, by name. */
  readonly sources: ReadonlyMap<string, SourceDefinition>
  /** What has to happen regularly, by name. */
  readonly heartbeats: ReadonlyMap<string, HeartbeatDefinition>
  /** Roles of people who act; without any, every verified person may do everything. */
  readonly roles: ReadonlyMap<string, RoleDefinition>
  /** Actions that a second verified person has to confirm. */
  readonly twoPerson: ReadonlySet<ActionName>
  /** Folder with the user's own templates. */
  readonly templatesDir: string | undefined
  /** The user's configuration after its check; absent where there is none. */
  readonly configuration?: JsonObject
}

/** Finds an event type by its name or an alias; undefined for an unknown name. */
export function findEventType(catalogue: Catalogue, name: string): EventTypeDefinition | undefined {
  return catalogue.eventTypes.get(name) ?? catalogue.eventTypes.get(catalogue.aliases.get(name) ?? '')
}

/** A stakeholder group with its key. */
export interface FoundGroup extends GroupDefinition {
  readonly key: string
}

/** Finds a group by its key or a display name, in any letter case; undefined for an unknown name. */
export function findGroup(catalogue: Catalogue, nameOrKey: string): FoundGroup | undefined {
  const wanted = foldName(nameOrKey)
  for (const [key, group] of catalogue.groups)
    if (key === wanted || group.names.some((name) => foldName(name) === wanted)) return { key, ...group }
  return undefined
}

/** Returns the keys and display names of all groups, for error texts. */
export function groupNames(catalogue: Catalogue): string[] {
  return [...catalogue.groups].flatMap(([key, group]) => [key, ...group.names])
}

/** Folds a name for comparison: Unicode NFC, without letter case and outer blanks. */
export function foldName(name: string): string {
  return name.normalize('NFC').trim().toLowerCase()
}
