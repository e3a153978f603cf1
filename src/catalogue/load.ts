import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { GatewayError } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import { parseYaml } from '../kernel/yaml.ts'
import type { Settings } from '../settings/table.ts'
import { alertmanagersOf } from './alertmanager-config.ts'
import { builtInCatalogue, type CatalogueDefaults, newChannel } from './built-in.ts'
import { CARD_DATA } from './card-data.ts'
import type { Catalogue, Channel, EventTypeDefinition } from './catalogue.ts'
import { checkConfig } from './check-config.ts'
import type { ConfigInput } from './config-input.ts'
import type { Config } from './config-schema.ts'
import { isBuiltInCard, phiFieldsOf, withFields, withNamed } from './data-fields.ts'
import { escalationOf } from './escalation-config.ts'
import { heartbeatsOf } from './heartbeat-config.ts'
import { pagersOf } from './pager-config.ts'
import { rolesOf } from './roles.ts'
import type { GroupDefinition } from './stakeholder-groups.ts'
import { GROUPED_BY } from './storm-fields.ts'
import { watchedOf } from './watched-config.ts'

/** Sources of the catalogue: defaults, and at most one configuration. */
export interface CatalogueOptions extends CatalogueDefaults {
  /** TEAMS_CONFIG_FILE. */
  readonly configFile?: string | undefined
  /** The configuration as an object. */
  readonly config?: ConfigInput | undefined
  /** Mutes all channels, also those that the configuration does not mute. */
  readonly muteAll?: boolean | undefined
}

/**
 * Loads the catalogue for the settings, from TEAMS_CONFIG_FILE or the host program's configuration.
 *
 * @param config the host program's configuration
 * @throws GatewayError `invalid_config_file`, with every problem at once
 */
export function catalogueOf(settings: Settings, config?: ConfigInput): Catalogue {
  const catalogue = loadCatalogue({
    configFile: settings.TEAMS_CONFIG_FILE,
    config,
    language: settings.TEAMS_LANGUAGE,
    muteAll: !settings.TEAMS_WEBHOOK_ENABLED,
    budget: {
      requests: settings.TEAMS_RATE_LIMIT_REQUESTS,
      period: settings.TEAMS_RATE_LIMIT_PERIOD,
      burst: settings.TEAMS_RATE_LIMIT_BURST,
    },
  })
  requireVerifiedPeople(catalogue, settings)
  return catalogue
}

/** Two pairs of eyes are two verified people, so there has to be a way to verify them. */
function requireVerifiedPeople(
  { twoPerson }: Catalogue,
  settings: Pick<Settings, 'TEAMS_SIGN_IN_CLIENT_ID' | 'TEAMS_API_TOKENS' | 'TEAMS_INBOUND_SECRETS'>,
): void {
  const { TEAMS_SIGN_IN_CLIENT_ID: signIn, TEAMS_API_TOKENS: tokens, TEAMS_INBOUND_SECRETS: secrets } = settings
  if (twoPerson.size === 0 || signIn !== undefined || tokens !== undefined || secrets !== undefined) return
  throw new GatewayError('invalid_config_file', [
    {
      at: 'two_person',
      found: 'actions that need two verified people, where nobody can be verified',
      expected: 'TEAMS_SIGN_IN_CLIENT_ID, or a token with the scope act for a relay; or no such list',
    },
  ])
}

/**
 * Loads the catalogue: the built-in one, changed by the configuration.
 *
 * @throws GatewayError `invalid_config_file`, with every problem at once
 */
export function loadCatalogue(options: CatalogueOptions): Catalogue {
  const catalogue = withConfig(options)
  if (!options.muteAll) return catalogue
  const channels = [...catalogue.channels].map(([key, channel]) => [key, { ...channel, muted: true }] as const)
  return { ...catalogue, channels: new Map(channels) }
}

function withConfig(options: CatalogueOptions): Catalogue {
  const builtIn = builtInCatalogue(options)
  if (options.configFile === undefined && options.config === undefined) return builtIn
  if (options.configFile !== undefined && options.config !== undefined)
    throw new GatewayError('invalid_config_file', [
      {
        at: 'TEAMS_CONFIG_FILE',
        found: 'a file, and a configuration as an object too',
        expected: 'one of them: neither can know which the other meant to change',
      },
    ])
  const { value, folder } =
    options.configFile === undefined
      ? { value: options.config, folder: process.cwd() }
      : readConfigFile(options.configFile)
  const config = checkConfig(value, builtIn, folder)
  const types = typesOf(config, builtIn)
  return {
    ...types,
    groups: groupsOf(config, builtIn),
    channels: channelsOf(config, builtIn, options),
    routes: config.routes.map(({ when, channels, mode }) => ({
      when: {
        ...(when.event_type === undefined ? {} : { eventType: typeNamed(when.event_type, config, builtIn) }),
        ...(when.priorities === undefined ? {} : { priorities: when.priorities }),
        ...(when.stakeholder === undefined ? {} : { stakeholder: when.stakeholder }),
      },
      channels,
      mode,
    })),
    escalation: escalationOf(config.escalation, (name) => typeNamed(name, config, builtIn)),
    pagers: pagersOf(config.pagers),
    alertmanagers: alertmanagersOf(config.sources, (name) => typeNamed(name, config, builtIn)),
    sources: watchedOf(config.sources),
    heartbeats: heartbeatsOf(config.heartbeats, types, (name) => typeNamed(name, config, builtIn)),
    roles: rolesOf(config.roles, (name) => typeNamed(name, config, builtIn)),
    twoPerson: new Set(config.two_person),
    templatesDir: config.templates === undefined ? undefined : resolve(folder, config.templates),
    configuration: JSON.parse(JSON.stringify(config)) as JsonObject,
  }
}

function channelsOf(config: Config, builtIn: Catalogue, defaults: CatalogueDefaults): Map<string, Channel> {
  const channels = new Map(builtIn.channels)
  for (const [key, { budget, ...given }] of Object.entries(config.channels)) {
    const base = channels.get(key) ?? newChannel(key, `#${key.replaceAll('_', '-')}`, defaults)
    channels.set(key, { ...base, ...present(given), budget: { ...base.budget, ...present(budget ?? {}) } })
  }
  return channels
}

function groupsOf(config: Config, builtIn: Catalogue): Map<string, GroupDefinition> {
  const groups = new Map(builtIn.groups)
  for (const [key, given] of Object.entries(config.stakeholder_groups))
    groups.set(key, { ...(groups.get(key) ?? { names: [key], channels: [] }), ...present(given) })
  return groups
}

function typesOf(config: Config, builtIn: Catalogue): Pick<Catalogue, 'eventTypes' | 'aliases'> {
  const eventTypes = new Map(builtIn.eventTypes)
  const aliases = new Map(builtIn.aliases)
  for (const [name, given] of Object.entries(config.event_types))
    for (const alias of given.aliases) aliases.set(alias, name)
  for (const [name, given] of Object.entries(config.event_types)) {
    const type = typeOf(name, given, builtIn.eventTypes.get(name))
    eventTypes.set(name, { ...type, resolves: type.resolves.map((other) => aliases.get(other) ?? other) })
  }
  return { eventTypes, aliases }
}

/**
 * Makes an event type of the configuration. With another built-in card, it has that card's data fields. With a template of
 * the user's own, a built-in type keeps its data fields: callers already send them, and its patient data must stay marked.
 * For the same reason a field that is patient data on the type's built-in card stays patient data with any other card.
 */
function typeOf(
  name: string,
  given: Config['event_types'][string],
  base: EventTypeDefinition | undefined,
): EventTypeDefinition {
  const card = given.card ?? base?.card ?? ''
  const named = [...(given.fingerprint ?? []), ...(given.dedup ?? []), ...(given.group_by ? [given.group_by] : [])]
  const schema = withNamed(withFields(schemaOf(card, base), given.data), named)
  return {
    name,
    priority: given.priority ?? base?.priority ?? 'INFO',
    stakeholders: given.stakeholders ?? base?.stakeholders ?? [],
    card,
    schema,
    phiFields: new Set([...(base?.phiFields ?? []), ...phiFieldsOf(schema)]),
    plainFields: new Set(Object.keys(given.data).filter((field) => given.data[field]?.phi === false)),
    fingerprint: given.fingerprint ?? base?.fingerprint ?? [],
    groupBy: given.group_by ?? (isBuiltInCard(card) ? GROUPED_BY[card] : base?.groupBy),
    dedup: given.dedup ?? base?.dedup ?? [],
    resolves: given.resolves ?? base?.resolves ?? [],
  }
}

function schemaOf(card: string, base: EventTypeDefinition | undefined): z.ZodObject {
  if (isBuiltInCard(card)) return CARD_DATA[card]
  return base?.schema ?? z.object({})
}

/** Returns the name of an event type that a route names, possibly by an alias. */
function typeNamed(name: string, config: Config, builtIn: Catalogue): string {
  const configured = Object.entries(config.event_types).find(([, type]) => type.aliases.includes(name))
  return configured?.[0] ?? builtIn.aliases.get(name) ?? name
}

/** Removes undefined properties, which in a spread would replace built-in values. */
function present<T extends object>(given: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }
}

/** The content of a configuration file, not yet checked, and the base folder of its relative paths. */
interface ReadConfig {
  readonly value: unknown
  readonly folder: string
}

/**
 * Reads a configuration file in YAML or JSON.
 *
 * @throws GatewayError `invalid_config_file` for an unreadable file or a syntax error
 */
function readConfigFile(file: string): ReadConfig {
  const result = parseYaml(readText(file))
  if (result.ok) return { value: result.value, folder: dirname(resolve(file)) }
  throw new GatewayError(
    'invalid_config_file',
    result.faults.map((fault) => ({
      at: `${file}:${fault.line}:${fault.column}`,
      found: `a syntax error: ${fault.reason}`,
      expected: 'YAML or JSON',
    })),
  )
}

function readText(file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    const found =
      code === 'ENOENT'
        ? 'no such file'
        : code === 'EISDIR'
          ? 'a folder'
          : code === 'ERR_ENCODING_INVALID_ENCODED_DATA'
            ? 'text that is not UTF-8'
            : `a file that can not be read (${String(code)})`
    throw new GatewayError('invalid_config_file', [
      { at: file, found, expected: 'a YAML or JSON file (TEAMS_CONFIG_FILE)' },
    ])
  }
}
