import type { FieldType } from './data-fields.ts'
import type { Weekday } from './escalation.ts'
import type { HeartbeatInput } from './heartbeats.ts'
import type { Language } from './language.ts'
import type { PagerInput } from './pagers.ts'
import type { Priority } from './priority.ts'
import type { ActionName } from './roles.ts'
import type { SourceInput } from './source-config.ts'

/** A priority, in upper or lower case. */
type PriorityInput = Priority | Lowercase<Priority>

/** A new channel, or changes to a built-in one. */
export interface ChannelInput {
  /** Display name; `#` and the key if absent. */
  readonly name?: string | undefined
  /** Language of its cards; TEAMS_LANGUAGE if absent. */
  readonly language?: Language | undefined
  /** Body that the flow accepts: a message with attachments (default), or the card alone. */
  readonly payload?: 'envelope' | 'bare' | undefined
  /** How the flow authenticates the gateway: by the signature in the URL (default), or by an Entra token. */
  readonly auth?: 'sas' | 'entra' | undefined
  /** True for a channel that gets no cards. */
  readonly muted?: boolean | undefined
  /** Cards per period, period in seconds, largest burst; the TEAMS_RATE_LIMIT_ settings where absent. */
  readonly budget?:
    | {
        readonly requests?: number | undefined
        readonly period?: number | undefined
        readonly burst?: number | undefined
      }
    | undefined
  /**
   * People who are mentioned on its cards: display name, Entra object id or user principal name, and priorities (CRITICAL and
   * HIGH if absent).
   */
  readonly mentions?:
    | readonly {
        readonly name: string
        readonly id: string
        readonly priorities?: readonly PriorityInput[] | undefined
      }[]
    | undefined
}

/** A new stakeholder group, or changes to a built-in one. */
export interface StakeholderGroupInput {
  /** Display names; the first is shown. For a built-in group they replace its names. */
  readonly names?: readonly string[] | undefined
  /** Keys of the channels that it reads. */
  readonly channels?: readonly string[] | undefined
}

/** A new event type, which needs `priority`, `stakeholders` and `card`, or changes to a built-in one. */
export interface EventTypeInput {
  readonly priority?: PriorityInput | undefined
  /** Stakeholder groups to notify, by key or display name. */
  readonly stakeholders?: readonly string[] | undefined
  /** A built-in card, whose data fields the type then has, or the name of a template in the folder `templates`. */
  readonly card?: string | undefined
  /** Other names that are accepted for the type. */
  readonly aliases?: readonly string[] | undefined
  /** Data fields that must be equal, besides the type, for events to share a digest; none if absent. */
  readonly fingerprint?: readonly string[] | undefined
  /** Data field whose values are counted on a digest. */
  readonly group_by?: string | undefined
  /** Data fields that identify an event's subject: events with equal fields are repeats. The correlation id if absent. */
  readonly dedup?: readonly string[] | undefined
  /** Event types that an event of this type resolves if they have the same subject. */
  readonly resolves?: readonly string[] | undefined
  /** Data fields of a template of your own, or fields besides those of a built-in card. For a card's own field, omit `type`. */
  readonly data?:
    | Readonly<
        Record<
          string,
          {
            readonly type?: FieldType | undefined
            readonly required?: boolean | undefined
            /** True for patient data: TEAMS_PHI_POLICY is applied to it before the event is written. */
            readonly phi?: boolean | undefined
          }
        >
      >
    | undefined
}

/** Sends matching events to further channels, or to other channels instead. */
export interface RouteInput {
  /** Conditions, all of which an event must meet; `{}` matches every event. */
  readonly when: {
    /** A type, or a prefix with a star: `celery.*`. */
    readonly event_type?: string | undefined
    readonly priorities?: readonly PriorityInput[] | undefined
    /** A stakeholder group of the event, by key or display name. */
    readonly stakeholder?: string | undefined
  }
  /** Keys of channels. */
  readonly channels: readonly string[]
  /** `add` (default) sends to these channels too, `only` to these instead of the groups' channels. */
  readonly mode?: 'add' | 'only' | undefined
}

/** Working days and hours of people who are called. */
export interface CalendarInput {
  /** Name of a time zone; Asia/Riyadh if absent. */
  readonly time_zone?: string | undefined
  /** Days of the week; Sunday to Thursday if absent. */
  readonly days?: readonly Weekday[] | undefined
  /** Hours of each of these days, such as `08:00-17:00`, which are those of a calendar without any. `21:00-02:00` ends on the next day. */
  readonly hours?: readonly string[] | undefined
  /** Days on which nobody works: `2027-02-22`, or the first and the last one, `2027-03-19/2027-03-23`. */
  readonly holidays?: readonly string[] | undefined
  /** Periods in which the days and hours of another calendar hold, such as those of Ramadan. */
  readonly exceptions?: readonly { readonly days: string; readonly calendar: string }[] | undefined
}

/** Whom a policy calls, and when. */
export interface PolicyInput {
  /** The events of the policy: those that match one of the entries, in each every condition that it has. */
  readonly for?:
    | readonly {
        /** A type, or a prefix with a star: `celery.*`. */
        readonly event_type?: string | undefined
        readonly priorities?: readonly PriorityInput[] | undefined
        /** A stakeholder group of the event, by key or display name. */
        readonly stakeholder?: string | undefined
      }[]
    | undefined
  /** Tiers after the event's own channels, in their order. Without any, the events of the policy do not climb. */
  readonly tiers: readonly {
    /** How long after the tier before: `5m`, `2h`, `1d12h`, or `next_working_day`. */
    readonly after: string
    /** Keys of the channels that get a card; the event's own where the tier has neither channels nor pagers. */
    readonly channels?: readonly string[] | undefined
    /** People who are mentioned on these cards. */
    readonly mentions?: readonly { readonly name: string; readonly id: string }[] | undefined
    /** Names of the section `pagers`. */
    readonly pagers?: readonly string[] | undefined
  }[]
  /** How often the policy begins again after its last tier, and how long after it; never if absent. */
  readonly repeat?: { readonly times: number; readonly after: string } | undefined
  /** Name of the calendar with the working hours; without one the policy holds at any time. */
  readonly calendar?: string | undefined
  /** Outside working hours the wait stands still (`hold`, the default), it goes on (`continue`), or another policy holds. */
  readonly outside?: string | undefined
}

/** What people with a role may do. */
export interface RoleInput {
  /** Object ids of Entra groups whose members have the role. */
  readonly entra_groups?: readonly string[] | undefined
  /** App roles of the Entra registration. */
  readonly entra_app_roles?: readonly string[] | undefined
  readonly may: readonly ActionName[]
  /** Only for events of these stakeholder groups, by key or display name; all if absent. */
  readonly stakeholders?: readonly string[] | undefined
  /** Only for events of these types: exact, or a prefix with a star such as `celery.*`; all if absent. */
  readonly event_types?: readonly string[] | undefined
}

/** The configuration: the content of TEAMS_CONFIG_FILE, or an object for `createGateway`. Example: `examples/config.yaml`. */
export interface ConfigInput {
  readonly channels?: Readonly<Record<string, ChannelInput>> | undefined
  readonly stakeholder_groups?: Readonly<Record<string, StakeholderGroupInput>> | undefined
  readonly event_types?: Readonly<Record<string, EventTypeInput>> | undefined
  readonly routes?: readonly RouteInput[] | undefined
  /** What happens when nobody acknowledges an event. Names of built-in policies and calendars replace these. */
  readonly escalation?:
    | {
        readonly calendars?: Readonly<Record<string, CalendarInput>> | undefined
        readonly policies?: Readonly<Record<string, PolicyInput>> | undefined
      }
    | undefined
  /** Services that call people, by name. An escalation policy names them; their keys are secrets (TEAMS_PAGER_KEY_<NAME>). */
  readonly pagers?: Readonly<Record<string, PagerInput>> | undefined
  /** Outside systems that report to the gateway, or that it watches, by name. Their secrets are TEAMS_SOURCE_SECRET_<NAME>. */
  readonly sources?: Readonly<Record<string, SourceInput>> | undefined
  /** What has to happen regularly, by name: it reports to `/v1/heartbeats/{name}`, and is an event if it does not. */
  readonly heartbeats?: Readonly<Record<string, HeartbeatInput>> | undefined
  /** Roles of people who act on cards, by name. Without any, every verified person may do everything. */
  readonly roles?: Readonly<Record<string, RoleInput>> | undefined
  /** Actions that a second verified person has to confirm. */
  readonly two_person?: readonly ActionName[] | undefined
  /** Folder of your own templates, relative to the file, or to the working folder for an object. */
  readonly templates?: string | undefined
}
