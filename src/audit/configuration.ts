import type { Catalogue } from '../catalogue/catalogue.ts'
import { canonicalJson } from '../kernel/canonical-json.ts'
import { isObject, type Json, type JsonObject } from '../kernel/json.ts'
import { parseNamedSecret } from '../kernel/secret.ts'
import { parseApiToken } from '../settings/api-tokens.ts'
import { escalationIsOn } from '../settings/escalation-settings.ts'
import type { SettingRow } from '../settings/schemas.ts'
import { SETTINGS, type SettingName, type Settings } from '../settings/table.ts'

/** The part that says whether accepted events climb: with TEAMS_ESCALATION=auto it follows from other settings. */
export const ESCALATION_DECISION = 'escalation.decision'

/**
 * The effective configuration in parts: every setting by its name, every entry of the configuration file as
 * `channels.sre`, `event_types.vault.seal.detected` or `routes`, and {@link ESCALATION_DECISION}. Values are canonical JSON. Of a secret setting only whether it
 * is set; of callers' tokens and secrets their names and scopes, which say who may do what.
 */
export function configurationParts(settings: Settings, catalogue: Catalogue): ReadonlyMap<string, string> {
  const parts = new Map<string, string>()
  for (const name of Object.keys(SETTINGS) as SettingName[]) parts.set(name, canonicalJson(partOf(name, settings)))
  parts.set(ESCALATION_DECISION, canonicalJson(escalationIsOn(settings)))
  for (const [section, value] of Object.entries(catalogue.configuration ?? {})) {
    const entries = isJsonObject(value) ? Object.entries(value) : undefined
    if (entries === undefined) parts.set(section, canonicalJson(value))
    else for (const [key, part] of entries) parts.set(`${section}.${key}`, canonicalJson(part))
  }
  return parts
}

function partOf(name: SettingName, settings: Settings): Json {
  const row: SettingRow = SETTINGS[name]
  if (name === 'TEAMS_API_TOKENS') return (settings[name] ?? []).map(nameAndScopes)
  if (name === 'TEAMS_INBOUND_SECRETS')
    return (settings[name] ?? []).map((entry) => parseNamedSecret(entry).name ?? null)
  const value: Json | undefined = settings[name]
  if (value === undefined) return null
  return row.secret ? 'set' : value
}

function nameAndScopes(entry: string): Json {
  const token = parseApiToken(entry)
  return token === undefined ? null : [token.name, ...[...token.scopes].sort()]
}

function isJsonObject(value: Json): value is JsonObject {
  return isObject(value)
}
