import type { z } from 'zod'
import { DEFAULT_ALERTMANAGER } from './alertmanagers.ts'
import { CARD_DATA, type CardName } from './card-data.ts'
import type { Budget, Catalogue, Channel, EventTypeDefinition } from './catalogue.ts'
import { phiFieldsOf } from './data-fields.ts'
import { BUILT_IN_ESCALATION } from './escalation.ts'
import { EVENT_TYPES } from './event-types.ts'
import type { Language } from './language.ts'
import { DEFAULT_CHANNEL_NAMES, STAKEHOLDER_GROUPS } from './stakeholder-groups.ts'
import { GROUPED_BY, RESOLVES } from './storm-fields.ts'

/** Language and budget of a channel without its own in the configuration; from the settings. */
export interface CatalogueDefaults {
  readonly language: Language
  readonly budget: Budget
}

/** The catalogue that the gateway ships: event types, eight groups, eight channels, no routes. */
export function builtInCatalogue(defaults: CatalogueDefaults): Catalogue {
  const eventTypes = new Map<string, EventTypeDefinition>()
  const aliases = new Map<string, string>()
  const schemas = new Map<CardName, z.ZodObject>()
  for (const [name, row] of Object.entries(EVENT_TYPES)) {
    const schema = schemas.get(row.card) ?? CARD_DATA[row.card].loose()
    schemas.set(row.card, schema)
    eventTypes.set(name, {
      name,
      priority: row.priority,
      stakeholders: row.stakeholders,
      card: row.card,
      schema,
      phiFields: phiFieldsOf(schema),
      fingerprint: [],
      groupBy: GROUPED_BY[row.card],
      dedup: [],
      resolves: RESOLVES[name as keyof typeof EVENT_TYPES] ?? [],
    })
    for (const alias of 'aliases' in row ? row.aliases : []) aliases.set(alias, name)
  }
  const channels = Object.entries(DEFAULT_CHANNEL_NAMES).map(([key, name]) => newChannel(key, name, defaults))
  return {
    eventTypes,
    aliases,
    groups: new Map(Object.entries(STAKEHOLDER_GROUPS)),
    channels: new Map(channels.map((channel) => [channel.key, channel])),
    routes: [],
    escalation: BUILT_IN_ESCALATION,
    pagers: new Map(),
    alertmanagers: new Map([[DEFAULT_ALERTMANAGER.name, DEFAULT_ALERTMANAGER]]),
    sources: new Map(),
    heartbeats: new Map(),
    roles: new Map(),
    twoPerson: new Set(),
    templatesDir: undefined,
  }
}

/** Makes a channel with a key, a name and defaults for all other properties. */
export function newChannel(key: string, name: string, defaults: CatalogueDefaults): Channel {
  return {
    key,
    name,
    payload: 'envelope',
    auth: 'sas',
    language: defaults.language,
    budget: defaults.budget,
    mentions: [],
    muted: false,
  }
}
