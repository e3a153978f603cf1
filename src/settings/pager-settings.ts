import { type SettingRow, text } from './schemas.ts'

/** Prefix of the environment variables with keys of pagers. The pager's name in upper case follows it. */
export const PAGER_KEY_PREFIX = 'TEAMS_PAGER_KEY_'
/** Prefix of the environment variables with the secrets of the pagers' webhooks. */
export const PAGER_WEBHOOK_PREFIX = 'TEAMS_PAGER_WEBHOOK_'

/** Where the keys of the section `pagers` of the configuration come from. */
export const PAGER_SETTINGS = {
  TEAMS_PAGERS_FILE: {
    group: 'Pagers',
    schema: text,
    help: "Path of a YAML or JSON file with the keys of the configuration's pagers: <name> for the integration key, <name>_webhook for the secret or, during a rotation, the secrets of its webhook. Changes are read every TEAMS_VAULT_REFRESH seconds. TEAMS_PAGER_KEY_<NAME> and TEAMS_PAGER_WEBHOOK_<NAME> come before it.",
  },
  TEAMS_PAGERS_VAULT_PATH: {
    group: 'Pagers',
    schema: text,
    help: 'Vault KV v2 path with the same fields as TEAMS_PAGERS_FILE. Example: secret/teams/pagers.',
  },
} as const satisfies Record<string, SettingRow>
