import type { FieldType } from './data-fields.ts'
import type { Language } from './language.ts'
import type { Priority } from './priority.ts'

/** A priority, in upper or lower case. */
type PriorityInput = Priority | Lowercase<Priority>

/** A channel of one's own, or what shall be different about a built-in one. */
export interface ChannelInput {
  /** What people call it; the key with a # in front if absent. */
  readonly name?: string | undefined
  /** Language of its cards; TEAMS_LANGUAGE if absent. */
  readonly language?: Language | undefined
  /** What the flow takes: a message with attachments (default), or the card alone. */
  readonly payload?: 'envelope' | 'bare' | undefined
  /** How the flow knows us: by the signature in the URL (default), or by an Entra token. */
  readonly auth?: 'sas' | 'entra' | undefined
  /** True where nothing shall be sent. */
  readonly muted?: boolean | undefined
  /** Cards per period, period in seconds, cards at once; the TEAMS_RATE_LIMIT_ settings where absent. */
  readonly budget?:
    | {
        readonly requests?: number | undefined
        readonly period?: number | undefined
        readonly burst?: number | undefined
      }
    | undefined
  /** Who is mentioned on its cards: a name, an Entra object id or user principal name, and on which priorities (CRITICAL and HIGH if absent). */
  readonly mentions?:
    | readonly {
        readonly name: string
        readonly id: string
        readonly priorities?: readonly PriorityInput[] | undefined
      }[]
    | undefined
}

/** A stakeholder group of one's own, or what shall be different about a built-in one. */
export interface StakeholderGroupInput {
  /** Display names; the first is shown. Names given for a built-in group stand in place of its own. */
  readonly names?: readonly string[] | undefined
  /** Keys of the channels that it reads. */
  readonly channels?: readonly string[] | undefined
}

/** An event type of one's own, which needs `priority`, `stakeholders` and `card`, or what shall be different about a built-in one. */
export interface EventTypeInput {
  readonly priority?: PriorityInput | undefined
  /** Groups to tell, by key or display name. */
  readonly stakeholders?: readonly string[] | undefined
  /** A built-in card, whose data the type then has, or the name of a template in the folder `templates`. */
  readonly card?: string | undefined
  /** Further names under which the type is accepted. */
  readonly aliases?: readonly string[] | undefined
  /** Data fields that must be equal, besides the type, for events to stand in one digest; none if absent. */
  readonly fingerprint?: readonly string[] | undefined
  /** Data field by whose values a digest is counted. */
  readonly group_by?: string | undefined
  /** Data fields that say what an event is about: equal ones are repeats of each other. Its correlation id if absent. */
  readonly dedup?: readonly string[] | undefined
  /** Types that an event of this type closes, where they are about the same. */
  readonly resolves?: readonly string[] | undefined
  /** The data of a template of one's own, or fields beside those of a built-in card. For a field that the card has already, `type` is left out. */
  readonly data?:
    | Readonly<
        Record<
          string,
          {
            readonly type?: FieldType | undefined
            readonly required?: boolean | undefined
            /** True for patient data: TEAMS_PHI_POLICY is applied to it before anything is written. */
            readonly phi?: boolean | undefined
          }
        >
      >
    | undefined
}

/** Sends matching events to further channels, or to other channels instead. */
export interface RouteInput {
  /** What an event must have to match; all that is named must be so, and `{}` matches every event. */
  readonly when: {
    /** A type, or a prefix with a star: `celery.*`. */
    readonly event_type?: string | undefined
    readonly priorities?: readonly PriorityInput[] | undefined
    /** A group that the event names, by key or display name. */
    readonly stakeholder?: string | undefined
  }
  /** Keys of channels. */
  readonly channels: readonly string[]
  /** `add` (default) sends to these channels too, `only` to these instead of those that the groups read. */
  readonly mode?: 'add' | 'only' | undefined
}

/**
 * The configuration as it stands in the file that TEAMS_CONFIG_FILE names, or as an object for `createGateway`. See
 * `examples/config.yaml`.
 */
export interface ConfigInput {
  readonly channels?: Readonly<Record<string, ChannelInput>> | undefined
  readonly stakeholder_groups?: Readonly<Record<string, StakeholderGroupInput>> | undefined
  readonly event_types?: Readonly<Record<string, EventTypeInput>> | undefined
  readonly routes?: readonly RouteInput[] | undefined
  /** Folder of one's own templates, relative to the file, or to the working folder for an object. */
  readonly templates?: string | undefined
}
