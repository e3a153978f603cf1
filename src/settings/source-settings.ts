import { type SettingRow, text } from './schemas.ts'

/** Prefix of the environment variables with secrets of sources. The source's name in upper case follows it. */
export const SOURCE_SECRET_PREFIX = 'TEAMS_SOURCE_SECRET_'

/** Where the secrets of the section `sources` of the configuration come from. */
export const SOURCE_SETTINGS = {
  TEAMS_SOURCES_FILE: {
    group: 'Sources',
    schema: text,
    help: "Path of a YAML or JSON file with the secrets of the configuration's sources: <name> for the password or token. Changes are read every TEAMS_VAULT_REFRESH seconds. TEAMS_SOURCE_SECRET_<NAME> comes before it.",
  },
  TEAMS_SOURCES_VAULT_PATH: {
    group: 'Sources',
    schema: text,
    help: 'Vault KV v2 path with the same fields as TEAMS_SOURCES_FILE. Example: secret/teams/sources.',
  },
} as const satisfies Record<string, SettingRow>
