import { z } from 'zod'
import { listOf, oneOf, record, strict, text } from './config-parts.ts'

/**
 * What a person does with a card, and what it means for the event:
 *
 * - `acknowledge`: somebody looks after it; escalation stops until the acknowledgement expires
 * - `unacknowledge`: nobody does any more; escalation goes on
 * - `escalate`: a tier of its policy is called at once
 * - `discard`: it leaves what is open; its repeats stay quiet for as long as the person chose
 * - `restore`: takes a discard back, within TEAMS_RESTORE_WINDOW
 * - `replay`: a failed notification is sent again
 * - `retry`, `poll`: work outside the gateway, by an action provider
 */
export const ACTION_NAMES = [
  'acknowledge',
  'unacknowledge',
  'escalate',
  'discard',
  'restore',
  'replay',
  'retry',
  'poll',
] as const

/** The name of an action. */
export type ActionName = (typeof ACTION_NAMES)[number]

/** What people with a role may do, and to which events. */
export interface RoleDefinition {
  /** Object ids of Entra groups whose members have the role. */
  readonly entraGroups: readonly string[]
  /** App roles of the Entra registration. */
  readonly entraAppRoles: readonly string[]
  readonly may: readonly ActionName[]
  /** Only events for one of these stakeholder groups, by key; all if absent. */
  readonly stakeholders?: readonly string[]
  /** Only events of one of these types, exact or a prefix with a star; all if absent. */
  readonly eventTypes?: readonly string[]
}

const OBJECT_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

const actionNames = listOf(oneOf(ACTION_NAMES), 'a list of actions').transform((names) => [...new Set(names)])

/** The sections `roles` and `two_person` of the configuration. */
export function roleSchemas(group: z.ZodType<string, string>) {
  return {
    roles: record(
      z.string().regex(/^[A-Za-z][A-Za-z0-9 _.-]{0,40}$/, {
        error: 'a name of letters, digits, blanks, _, - and ., at most 41 characters, a letter first',
      }),
      strict({
        entra_groups: listOf(
          z
            .string({ error: 'the object id of an Entra group' })
            .regex(OBJECT_ID, { error: 'the object id of an Entra group' }),
          'a list of Entra groups',
        )
          .transform((ids) => ids.map((id) => id.toLowerCase()))
          .default([]),
        entra_app_roles: listOf(text(120), 'a list of app roles').default([]),
        may: actionNames,
        stakeholders: listOf(group, 'a list of stakeholder groups').optional(),
        event_types: listOf(text(101), 'a list of event types, or prefixes with a star such as celery.*').optional(),
      }),
    ),
    two_person: z
      .array(oneOf(ACTION_NAMES), { error: 'a list of actions' })
      .nullish()
      .transform((names) => [...new Set(names ?? [])]),
  }
}

/**
 * Roles of a checked configuration.
 *
 * @param typeNamed the event type of a name, which may be an alias
 */
export function rolesOf(config: RolesConfig, typeNamed: (name: string) => string): ReadonlyMap<string, RoleDefinition> {
  return new Map(
    Object.entries(config).map(([key, role]) => [
      key,
      {
        entraGroups: role.entra_groups,
        entraAppRoles: role.entra_app_roles,
        may: role.may,
        ...(role.stakeholders === undefined ? {} : { stakeholders: role.stakeholders }),
        ...(role.event_types === undefined ? {} : { eventTypes: role.event_types.map(typeNamed) }),
      },
    ]),
  )
}

/** The section `roles` of a checked configuration. */
export interface RolesConfig {
  readonly [name: string]: {
    readonly entra_groups: readonly string[]
    readonly entra_app_roles: readonly string[]
    readonly may: readonly ActionName[]
    readonly stakeholders?: readonly string[] | undefined
    readonly event_types?: readonly string[] | undefined
  }
}
