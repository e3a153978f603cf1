import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { z } from 'zod'
import { describeValue, GatewayError, type Problem } from '../kernel/errors.ts'
import { isObject } from '../kernel/json.ts'
import { nearestName } from '../kernel/nearest.ts'
import { alertmanagerProblems } from './alertmanager-config.ts'
import { CARD_DATA } from './card-data.ts'
import { type Catalogue, foldName } from './catalogue.ts'
import { entries, texts } from './config-readers.ts'
import { type Config, configSchema, expectedOneOf, type KnownNames } from './config-schema.ts'
import { isBuiltInCard } from './data-fields.ts'
import { escalationNames, escalationProblems } from './escalation-config.ts'
import { heartbeatProblems } from './heartbeat-config.ts'
import { pagerProblems } from './pager-config.ts'
import { matchesType } from './route.ts'
import { stormProblems } from './storm-fields.ts'
import { watchedProblems } from './watched-config.ts'

/**
 * Checks a configuration, alone and against the built-in catalogue.
 *
 * @param folder base folder of a relative `templates`
 * @throws GatewayError `invalid_config_file`, with every problem at once
 */
export function checkConfig(raw: unknown, builtIn: Catalogue, folder: string): Config {
  const input = raw ?? {}
  const known = knownNames(input, builtIn)
  const result = configSchema(known).safeParse(input)
  const problems = result.success ? [] : result.error.issues.flatMap((issue) => problemsOf(issue, input, known))
  problems.push(
    ...clashingNames(input, builtIn),
    ...clashingTypes(input, builtIn),
    ...missingParts(input, builtIn),
    ...unmatchedRoutes(input, builtIn),
    ...unmatchedRoleTypes(input, builtIn),
    ...escalationProblems(input, (pattern) => patternProblem(pattern, input, builtIn)),
    ...stormProblems(input, builtIn),
    ...pagerProblems(input, builtIn),
    ...alertmanagerProblems(input, builtIn),
    ...watchedProblems(input),
    ...heartbeatProblems(input, builtIn),
    ...missingTemplates(input, folder),
  )
  if (!result.success || problems.length > 0) throw new GatewayError('invalid_config_file', problems)
  return result.data
}

// The checks below compare several entries. They run on the unchecked input, so that all problems are reported at once, and
// skip values that the schema has already refused.

/** Returns the names of each group; names in the configuration replace built-in ones. */
function namesByGroup(input: unknown, builtIn: Catalogue): Map<string, readonly string[]> {
  const names = new Map([...builtIn.groups].map(([key, group]): [string, readonly string[]] => [key, group.names]))
  for (const [key, group] of entries(input, 'stakeholder_groups'))
    names.set(key, group.names === undefined ? (names.get(key) ?? []) : texts(group.names))
  return names
}

function knownNames(input: unknown, builtIn: Catalogue): KnownNames {
  const groups = new Map<string, string>()
  for (const [key, names] of namesByGroup(input, builtIn))
    for (const name of [key, ...names]) if (!groups.has(foldName(name))) groups.set(foldName(name), key)
  return {
    channels: new Set([...builtIn.channels.keys(), ...entries(input, 'channels').map(([key]) => key)]),
    groups,
    pagers: new Set(entries(input, 'pagers').map(([key]) => key)),
    policies: escalationNames(input, 'policies'),
    calendars: escalationNames(input, 'calendars'),
  }
}

/** Finds names that two groups share: an event with such a name would reach only one of them. */
function clashingNames(input: unknown, builtIn: Catalogue): Problem[] {
  const problems: Problem[] = []
  const all = namesByGroup(input, builtIn)
  const owners = new Map([...all.keys()].map((key) => [key, key]))
  const configured = new Set(entries(input, 'stakeholder_groups').map(([key]) => key))
  // Built-in groups first, so that the problem is reported at the user's entry.
  const order = [...all].sort(([a], [b]) => Number(configured.has(a)) - Number(configured.has(b)))
  for (const [key, names] of order)
    for (const [index, name] of names.entries()) {
      const owner = owners.get(foldName(name))
      if (owner === undefined) owners.set(foldName(name), key)
      else if (owner !== key && name !== '')
        problems.push({
          at: `stakeholder_groups.${key}.names[${index}]`,
          found: `a name that the group ${owner} has`,
          expected: 'a name that no other group has',
        })
    }
  return problems
}

/** Finds aliases that are the name of an event type, or an alias of another one. */
function clashingTypes(input: unknown, builtIn: Catalogue): Problem[] {
  const problems: Problem[] = []
  const types = entries(input, 'event_types')
  const names = new Set([...builtIn.eventTypes.keys(), ...types.map(([name]) => name)])
  const aliases = new Map(builtIn.aliases)
  for (const [name, type] of types) {
    const target = builtIn.aliases.get(name)
    if (target !== undefined)
      problems.push({ at: `event_types.${name}`, found: `another name of ${target}`, expected: target })
    for (const [index, alias] of texts(type.aliases).entries()) {
      const owner = names.has(alias) ? alias : aliases.get(alias)
      if (owner !== undefined && !(owner === name && !names.has(alias)))
        problems.push({
          at: `event_types.${name}.aliases[${index}]`,
          found: names.has(alias) ? 'the name of an event type' : `an alias of ${owner}`,
          expected: 'a name that nothing else has',
        })
      aliases.set(alias, aliases.get(alias) ?? name)
    }
  }
  return problems
}

/** Finds missing parts of new event types and groups, and parts that would contradict a built-in card. */
function missingParts(input: unknown, builtIn: Catalogue): Problem[] {
  const problems: Problem[] = []
  for (const [key, group] of entries(input, 'stakeholder_groups'))
    if (!builtIn.groups.has(key) && group.channels === undefined)
      problems.push({ at: `stakeholder_groups.${key}.channels`, found: 'nothing', expected: 'a list of channel keys' })
  for (const [name, type] of entries(input, 'event_types')) {
    const at = `event_types.${name}`
    const base = builtIn.eventTypes.get(name)
    if (!base && !builtIn.aliases.has(name))
      for (const part of ['priority', 'stakeholders', 'card'])
        if (type[part] === undefined)
          problems.push({
            at: `${at}.${part}`,
            found: 'nothing',
            expected: 'a value, since no built-in type has this name',
          })
    const card = typeof type.card === 'string' ? type.card : base?.card
    const hasTemplates = isObject(input) && input.templates !== undefined
    if (card !== undefined && !isBuiltInCard(card) && !hasTemplates)
      problems.push({
        at: `${at}.card`,
        found: 'a name that no built-in card has',
        expected: `${expectedOneOf(Object.keys(CARD_DATA), card)}; or a template of your own, with its folder under "templates"`,
      })
    const shape = card !== undefined && isBuiltInCard(card) ? CARD_DATA[card].shape : (base?.schema.shape ?? {})
    for (const [field, entry] of Object.entries(isObject(type.data) ? type.data : {})) {
      if (!isObject(entry)) continue
      if (Object.hasOwn(shape, field) && (entry.type !== undefined || entry.phi === false || entry.required === false))
        problems.push({
          at: `${at}.data.${field}`,
          found: 'a field that the card has already',
          expected: 'no more than "required: true" and "phi: true" for it, or another name',
        })
      else if (!Object.hasOwn(shape, field) && entry.type === undefined)
        problems.push({ at: `${at}.data.${field}.type`, found: 'nothing', expected: 'the type of the field' })
    }
  }
  return problems
}

/** Finds routes whose pattern matches no event type. */
function unmatchedRoutes(input: unknown, builtIn: Catalogue): Problem[] {
  const routes = isObject(input) && Array.isArray(input.routes) ? input.routes : []
  return routes.flatMap((route: unknown, index) => {
    const when = isObject(route) && isObject(route.when) ? route.when : {}
    const pattern = when.event_type
    const problem = typeof pattern === 'string' ? patternProblem(pattern, input, builtIn) : undefined
    return problem ? [{ at: `routes[${index}].when.event_type`, ...problem }] : []
  })
}

/** Finds event types of roles that match no event type. */
function unmatchedRoleTypes(input: unknown, builtIn: Catalogue): Problem[] {
  return entries(input, 'roles').flatMap(([key, role]) =>
    texts(role.event_types).flatMap((pattern, index) => {
      const problem = pattern === '' ? undefined : patternProblem(pattern, input, builtIn)
      return problem ? [{ at: `roles.${key}.event_types[${index}]`, ...problem }] : []
    }),
  )
}

/** Why a pattern matches no event type, a typing error; undefined where it matches one. */
function patternProblem(pattern: string, input: unknown, builtIn: Catalogue): Omit<Problem, 'at'> | undefined {
  const configured = entries(input, 'event_types')
  const names = [...builtIn.eventTypes.keys(), ...configured.map(([name]) => name)]
  const aliases = [...builtIn.aliases.keys(), ...configured.flatMap(([, type]) => texts(type.aliases))]
  if (aliases.includes(pattern)) return undefined
  if (pattern.slice(0, -1).includes('*'))
    return { found: 'a star that is not at the end', expected: 'a prefix with a star at its end: celery.*' }
  if (names.some((name) => matchesType(pattern, name))) return undefined
  const near = nearestName(names, pattern)
  return {
    found: 'a pattern that no event type matches',
    expected: `an event type, or a prefix with a star such as celery.*${near ? `, perhaps ${near}` : ''}`,
  }
}

function missingTemplates(input: unknown, folder: string): Problem[] {
  const templates = isObject(input) ? input.templates : undefined
  if (typeof templates !== 'string' || templates.trim() === '') return []
  const found = statSync(resolve(folder, templates.trim()), { throwIfNoEntry: false })
  if (found?.isDirectory()) return []
  return [{ at: 'templates', found: found ? 'a file' : 'no such folder', expected: 'a folder with templates' }]
}

/** Converts a zod issue to problems. Its message is `expected`; `found` describes the value without quoting it. */
function problemsOf(issue: z.core.$ZodIssue, input: unknown, known: KnownNames): Problem[] {
  const at = pathOf(issue.path)
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      at: pathOf([...issue.path, key]),
      found: 'a key of this name',
      expected: expectedOneOf(issue.message.split(', '), key),
    }))
  if (issue.code === 'invalid_key')
    return [{ at, found: 'a key of this form', expected: issue.issues[0]?.message ?? issue.message }]
  const value = valueAt(input, issue.path)
  if (issue.code !== 'custom' || typeof value !== 'string')
    return [{ at, found: describeValue(value), expected: issue.message }]
  const names = known[issue.params?.names as keyof KnownNames]
  const near = nearestName(names?.keys() ?? [], value)
  return [
    {
      at,
      found: `${describeValue(value)} that is none`,
      expected: near ? `${issue.message}, perhaps ${near}` : issue.message,
    },
  ]
}

/** Writes a path as in error texts: `event_types.lab.result.ready.priority`, `routes[0].channels[1]`. */
function pathOf(path: readonly PropertyKey[]): string {
  const written = path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part).slice(0, 120)}`))
    .join('')
  return written === '' ? 'the configuration' : written.replace(/^\./, '')
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, part) => (typeof value === 'object' && value !== null ? Reflect.get(value, part) : undefined),
    input,
  )
}
