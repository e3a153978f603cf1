import { z } from 'zod'
import { nearestName } from '../kernel/nearest.ts'
import { foldName } from './catalogue.ts'
import {
  between,
  eventTypeName,
  flag,
  KEY,
  listOf,
  mentionId,
  oneOf,
  priorities,
  priority,
  record,
  strict,
  text,
} from './config-parts.ts'
import { ALERT_IDS, FIELD_TYPES, type FieldType } from './data-fields.ts'
import { escalationSchema } from './escalation-schema.ts'
import { heartbeatSchema } from './heartbeat-config.ts'
import { LANGUAGES } from './language.ts'
import { pagerSchema } from './pager-config.ts'
import { roleSchemas } from './roles.ts'
import { sourceSchema } from './source-config.ts'

/**
 * Names that entries may refer to: the built-in ones and all entries of the configuration, also invalid ones, so that one
 * invalid entry causes no further problems at its references.
 */
export interface KnownNames {
  readonly channels: ReadonlySet<string>
  /** Group keys by {@link foldName | folded} key and display name. */
  readonly groups: ReadonlyMap<string, string>
  /** Names of the section `pagers`. */
  readonly pagers: ReadonlySet<string>
  readonly policies: ReadonlySet<string>
  readonly calendars: ReadonlySet<string>
}

/** True for a valid channel key. The key becomes part of a variable, TEAMS_WEBHOOK_<KEY>, which must not be another setting. */
function isChannelKey(key: string): boolean {
  return KEY.test(key) && key !== 'vault_path' && key !== 'host_suffixes' && !key.endsWith('_file')
}

const fieldName = z
  .string({ error: 'the name of a data field' })
  .regex(/^[A-Za-z][A-Za-z0-9_]{0,60}$/, {
    error: 'a field name of letters, digits and _, at most 61 characters, a letter first',
  })
  .refine((name) => name !== ALERT_IDS, { error: 'another name: the gateway itself keeps alerts in this field' })

const field = strict({
  type: oneOf(Object.keys(FIELD_TYPES) as [FieldType, ...FieldType[]]).optional(),
  required: flag.optional(),
  phi: flag.optional(),
})

/** The schema of the configuration: all checks that concern only one entry, and its references to known names. */
export function configSchema(known: KnownNames) {
  const channel = z
    .string({ error: 'the key of a channel' })
    .refine((key) => known.channels.has(key), { error: 'the key of a channel', params: { names: 'channels' } })
  const channels = listOf(channel, 'a list of channel keys').transform((keys) => [...new Set(keys)])
  const group = z
    .string({ error: 'the key or name of a stakeholder group' })
    .refine((name) => known.groups.has(foldName(name)), {
      error: 'the key or name of a stakeholder group',
      params: { names: 'groups' },
    })
    .transform((name) => known.groups.get(foldName(name)) ?? name)
  const channelKey = z.string().refine(isChannelKey, {
    error:
      'a key of a-z, 0-9 and _, at most 41 characters, a letter first, not vault_path, not host_suffixes, and not with _file at its end (these are names of settings)',
  })
  const groupKey = z.string().regex(KEY, { error: 'a key of a-z, 0-9 and _, at most 41 characters, a letter first' })
  return strict({
    channels: record(
      channelKey,
      strict({
        name: text(100).optional(),
        language: oneOf(LANGUAGES).optional(),
        payload: oneOf(['envelope', 'bare']).optional(),
        auth: oneOf(['sas', 'entra']).optional(),
        muted: flag.optional(),
        budget: strict({
          requests: between(1, 1_000_000, true).optional(),
          period: between(1, 86_400, false).optional(),
          burst: between(1, 1_000_000, true).optional(),
        }).optional(),
        mentions: z
          .array(
            strict({
              name: text(100),
              id: mentionId,
              priorities: priorities.default(['CRITICAL', 'HIGH']),
            }),
            { error: 'a list of people' },
          )
          .optional(),
      }),
    ),
    stakeholder_groups: record(
      groupKey,
      strict({ names: listOf(text(100), 'a list of names').optional(), channels: channels.optional() }),
    ),
    event_types: record(
      eventTypeName,
      strict({
        priority: priority.optional(),
        stakeholders: listOf(group, 'a list of stakeholder groups')
          .transform((keys) => [...new Set(keys)])
          .optional(),
        card: z
          .string({ error: 'the name of a card' })
          .regex(KEY, { error: 'the name of a card: a-z, 0-9 and _, at most 41 characters, a letter first' })
          .optional(),
        aliases: z.array(eventTypeName, { error: 'a list of names' }).default([]),
        fingerprint: z.array(fieldName, { error: 'a list of data fields' }).optional(),
        group_by: fieldName.optional(),
        dedup: z.array(fieldName, { error: 'a list of data fields' }).optional(),
        resolves: z.array(eventTypeName, { error: 'a list of event types' }).optional(),
        data: record(fieldName, field),
      }),
    ),
    routes: z
      .array(
        strict({
          when: strict({
            event_type: z.string({ error: 'an event type, or a prefix with a star such as celery.*' }).optional(),
            priorities: priorities.optional(),
            stakeholder: group.optional(),
          }),
          channels,
          mode: oneOf(['add', 'only']).default('add'),
        }),
        { error: 'a list of routes' },
      )
      .nullish()
      .transform((routes) => routes ?? []),
    escalation: escalationSchema({ ...known, channel, group }),
    pagers: record(groupKey, pagerSchema),
    sources: record(groupKey, sourceSchema({ group, channels })),
    heartbeats: record(groupKey, heartbeatSchema(group)),
    ...roleSchemas(group),
    templates: text(1_000).optional(),
  })
}

/** A valid configuration: defaults filled in, groups by key, priorities in upper case. */
export type Config = z.output<ReturnType<typeof configSchema>>

/** `expected` of a problem with a name that is not one of `names`. */
export function expectedOneOf(names: readonly string[], given: string): string {
  const near = nearestName(names, given)
  return `one of: ${names.join(', ')}${near ? `; perhaps ${near}` : ''}`
}
