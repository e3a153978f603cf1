import type { z } from 'zod'
import type { CardName } from './card-data.ts'
import type { Language } from './language.ts'
import type { Priority } from './priority.ts'
import type { GroupDefinition, StakeholderKey } from './stakeholder-groups.ts'

/** What is built in of one event type. */
export interface EventTypeRow {
  readonly priority: Priority
  readonly stakeholders: readonly StakeholderKey[]
  readonly card: CardName
  /** Older names under which the type is still accepted. */
  readonly aliases?: readonly string[]
  /**
   * Heading of its cards, and what it means to the people who read them. Words under `events` in the user's own
   * `strings/<language>.json` win over these. A title may name data fields in braces.
   */
  readonly words: { readonly [L in Language]: { readonly title: string; readonly meaning: string } }
}

/** One event type, built in or the user's own. */
export interface EventTypeDefinition {
  readonly name: string
  readonly priority: Priority
  readonly stakeholders: readonly string[]
  /** Name of the template that draws it. */
  readonly card: string
  /** Checks `data`; keeps fields it does not know. */
  readonly schema: z.ZodObject
  /** Top-level data fields that are patient data. */
  readonly phiFields: ReadonlySet<string>
  /** Fields of which the configuration says that they are no patient data, whatever their names look like. */
  readonly plainFields?: ReadonlySet<string>
  /** Data fields that must be equal, besides the type, for events to stand in one digest. */
  readonly fingerprint: readonly string[]
  /** Data field by whose values a digest is counted. */
  readonly groupBy: string | undefined
  /** Data fields that say what an event is about; its caller's correlation id says so where this is empty. */
  readonly dedup: readonly string[]
  /** Types that an event of this type closes, where they are about the same. */
  readonly resolves: readonly string[]
}

/** How many cards a channel gets: a token bucket. */
export interface Budget {
  /** Cards per period. */
  readonly requests: number
  /** The period, in seconds. */
  readonly period: number
  /** Cards that a rested channel may get at once. */
  readonly burst: number
}

/** Somebody who is mentioned on a channel's cards. `id` is an Entra object id or a user principal name. */
export interface Mention {
  readonly name: string
  readonly id: string
  /** Priorities on whose cards the person is mentioned. */
  readonly priorities: readonly Priority[]
}

/** One Teams destination. Its address is a secret and lives elsewhere: see `src/secrets/`. */
export interface Channel {
  readonly key: string
  /** What people call it, for example `#sre-alerts`. */
  readonly name: string
  /** What the flow behind the webhook takes: a message with attachments (the stock template), or the card alone. */
  readonly payload: 'envelope' | 'bare'
  /** How the flow knows us: by the signature in the URL, or by an Entra token. */
  readonly auth: 'sas' | 'entra'
  readonly language: Language
  readonly budget: Budget
  readonly mentions: readonly Mention[]
  /** True where nothing shall be sent: notifications are kept as `suppressed`. */
  readonly muted: boolean
}

/** Sends matching events to further channels, or to other channels instead. */
export interface Route {
  readonly when: {
    /** Exact type, or a prefix with a star: `celery.*`. */
    readonly eventType?: string
    readonly priorities?: readonly Priority[]
    /** Key of a group that the event names. */
    readonly stakeholder?: string
  }
  /** Channel keys. */
  readonly channels: readonly string[]
  /** `add` sends to these channels too, `only` to these instead of those that the groups read. */
  readonly mode: 'add' | 'only'
}

/** All that can be named in an event: built in, and the user's own from the configuration file. */
export interface Catalogue {
  readonly eventTypes: ReadonlyMap<string, EventTypeDefinition>
  /** Older names of event types. */
  readonly aliases: ReadonlyMap<string, string>
  readonly groups: ReadonlyMap<string, GroupDefinition>
  readonly channels: ReadonlyMap<string, Channel>
  readonly routes: readonly Route[]
  /** Folder with the user's own templates. */
  readonly templatesDir: string | undefined
}

/** The event type of that name, or of that older name; undefined where there is none. */
export function findEventType(catalogue: Catalogue, name: string): EventTypeDefinition | undefined {
  return catalogue.eventTypes.get(name) ?? catalogue.eventTypes.get(catalogue.aliases.get(name) ?? '')
}

/** A stakeholder group with its key. */
export interface FoundGroup extends GroupDefinition {
  readonly key: string
}

/** The group of that key or display name, in any letter case; undefined where there is none. */
export function findGroup(catalogue: Catalogue, nameOrKey: string): FoundGroup | undefined {
  const wanted = foldName(nameOrKey)
  for (const [key, group] of catalogue.groups)
    if (key === wanted || group.names.some((name) => foldName(name) === wanted)) return { key, ...group }
  return undefined
}

/** All names that an event may use for a group: keys and display names. For error texts. */
export function groupNames(catalogue: Catalogue): string[] {
  return [...catalogue.groups].flatMap(([key, group]) => [key, ...group.names])
}

/** A name as it is compared: without letter case, outer blanks, and differences of how letters are composed. */
export function foldName(name: string): string {
  return name.normalize('NFC').trim().toLowerCase()
}
