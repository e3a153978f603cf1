import { z } from 'zod'
import type { Problem } from '../kernel/errors.ts'
import { isObject } from '../kernel/json.ts'
import { nearestName } from '../kernel/nearest.ts'
import {
  type AlertmanagerDefinition,
  DEFAULT_ALERTMANAGER,
  foldLabel,
  type LabelMatcher,
  WATCHDOG,
} from './alertmanagers.ts'
import type { Catalogue } from './catalogue.ts'
import { eventTypeName, listOf, priority, record, strict, text } from './config-parts.ts'
import { entries, texts } from './config-readers.ts'
import { isSendable } from './event-types.ts'

const MATCHER_EXPECTED = 'a label, = or !=, and a value, such as alertname=Disk*'
const MATCHER = /^([^=!\s][^=!]*?)\s*(!?=)\s*(.*)$/s

const matcher = z
  .string({ error: MATCHER_EXPECTED })
  .trim()
  .max(500, { error: MATCHER_EXPECTED })
  .regex(MATCHER, { error: MATCHER_EXPECTED })
  .transform((written): LabelMatcher => {
    const [, label = '', operator, value = ''] = MATCHER.exec(written) ?? []
    return { label, operator: operator === '!=' ? '!=' : '=', value }
  })

const PARTS = ['event_type', 'priority', 'stakeholders', 'channels'] as const

/** The schema of one Alertmanager, with the schemas of references to groups and lists of channels. */
export function alertmanagerSchema<
  G extends z.ZodType<string, string>,
  C extends z.ZodType<string[], string[]>,
>(references: { readonly group: G; readonly channels: C }) {
  const groups = listOf(references.group, 'a list of stakeholder groups').transform((keys) => [...new Set(keys)])
  return strict({
    kind: z.literal('alertmanager'),
    priorities: record(z.string(), priority),
    group_label: text(100).default('team'),
    groups: record(z.string(), groups),
    rules: z
      .array(
        strict({
          match: listOf(matcher, 'a list of conditions'),
          event_type: eventTypeName.optional(),
          priority: priority.optional(),
          stakeholders: groups.optional(),
          channels: references.channels.optional(),
        }),
        { error: 'a list of rules' },
      )
      .max(200, { error: 'at most 200 rules' })
      .default([]),
    heartbeats: z.array(matcher, { error: 'a list of conditions' }).default([WATCHDOG]),
  })
}

/** An Alertmanager after its check. */
type AlertmanagerConfig = z.output<ReturnType<typeof alertmanagerSchema>>

/**
 * The Alertmanagers of a checked configuration, by name, with `default` unless another source has this name.
 *
 * @param typeNamed the event type of a name, which may be an alias
 */
export function alertmanagersOf(
  sources: Readonly<Record<string, AlertmanagerConfig | { readonly kind: string }>>,
  typeNamed: (name: string) => string,
): ReadonlyMap<string, AlertmanagerDefinition> {
  const found = new Map<string, AlertmanagerDefinition>()
  if (!Object.hasOwn(sources, DEFAULT_ALERTMANAGER.name)) found.set(DEFAULT_ALERTMANAGER.name, DEFAULT_ALERTMANAGER)
  for (const [name, source] of Object.entries(sources))
    if (isAlertmanager(source)) found.set(name, definitionOf(name, source, typeNamed))
  return found
}

function isAlertmanager(source: { readonly kind: string }): source is AlertmanagerConfig {
  return source.kind === 'alertmanager'
}

function definitionOf(
  name: string,
  { priorities, group_label: groupLabel, groups, rules, heartbeats }: AlertmanagerConfig,
  typeNamed: (name: string) => string,
): AlertmanagerDefinition {
  return {
    name,
    priorities: new Map(Object.entries(priorities).map(([value, given]) => [foldLabel(value), given])),
    groupLabel,
    groups: new Map(Object.entries(groups).map(([value, keys]) => [foldLabel(value), keys])),
    rules: rules.map(({ match, event_type: eventType, priority, stakeholders, channels }) => ({
      match,
      eventType: eventType === undefined ? undefined : typeNamed(eventType),
      priority,
      stakeholders,
      channels,
    })),
    heartbeats,
  }
}

/**
 * Finds rules without effect, and rules with an event type that there is not, that only the gateway makes, or that resolves others:
 * an alert that fires must close nothing.
 */
export function alertmanagerProblems(input: unknown, builtIn: Catalogue): Problem[] {
  const configured = entries(input, 'event_types')
  const names = [
    ...builtIn.eventTypes.keys(),
    ...builtIn.aliases.keys(),
    ...configured.flatMap(([name, type]) => [name, ...texts(type.aliases)]),
  ].filter((name) => isSendable(name))
  const resolving = resolvingTypes(configured, builtIn)
  return entries(input, 'sources').flatMap(([name, source]) => {
    if (source.kind !== 'alertmanager' || !Array.isArray(source.rules)) return []
    return source.rules.flatMap((rule: unknown, index): Problem[] => {
      if (!isObject(rule)) return []
      const at = `sources.${name}.rules[${index}]`
      if (PARTS.every((part) => rule[part] === undefined))
        return [{ at, found: 'a rule without effect', expected: `one of: ${PARTS.join(', ')}` }]
      const type = rule.event_type
      if (typeof type !== 'string') return []
      if (resolving.has(type))
        return [
          {
            at: `${at}.event_type`,
            found: 'an event type that resolves others',
            expected: 'an event type of something that begins: when the group is over, its events are resolved anyway',
          },
        ]
      if (names.includes(type)) return []
      const near = nearestName(names, type)
      return [
        {
          at: `${at}.event_type`,
          found: 'a name that no event type has',
          expected: `an event type of docs/reference/events.md, or of this file${near ? `, perhaps ${near}` : ''}`,
        },
      ]
    })
  })
}

/** Names and aliases of the event types that resolve others. */
function resolvingTypes(
  configured: readonly (readonly [string, Readonly<Record<string, unknown>>])[],
  builtIn: Catalogue,
): ReadonlySet<string> {
  const given = new Map(configured)
  const resolves = (name: string) => {
    const own = given.get(name)?.resolves
    return own === undefined ? (builtIn.eventTypes.get(name)?.resolves.length ?? 0) > 0 : texts(own).length > 0
  }
  const aliases = [
    ...builtIn.aliases,
    ...configured.flatMap(([name, type]) => texts(type.aliases).map((alias): [string, string] => [alias, name])),
  ]
  return new Set([
    ...[...builtIn.eventTypes.keys(), ...given.keys()].filter(resolves),
    ...aliases.filter(([, name]) => resolves(name)).map(([alias]) => alias),
  ])
}
