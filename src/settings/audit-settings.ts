import { type SettingRow, text } from './schemas.ts'

/** The keys that sign the checkpoints of the audit trail. `src/secrets/audit-keys.ts` checks them, from each source alike. */
export const AUDIT_SETTINGS = {
  TEAMS_AUDIT_KEY: {
    group: 'Audit trail',
    schema: text,
    secret: true,
    help: 'Private key that signs the checkpoints of the audit trail, as "claimlinc-teams audit keygen" makes it. During a rotation two keys, separated by a blank or a line break: both sign, the current one stands first. Without a key the trail is recorded and not signed.',
  },
  TEAMS_AUDIT_KEY_FILE: {
    group: 'Audit trail',
    schema: text,
    help: 'Path of a file with the key or keys of TEAMS_AUDIT_KEY. Changes are read every TEAMS_VAULT_REFRESH seconds.',
  },
  TEAMS_AUDIT_VAULT_PATH: {
    group: 'Audit trail',
    schema: text,
    help: 'Vault KV v2 path whose field audit_key holds the key or keys of TEAMS_AUDIT_KEY. Example: secret/teams/audit.',
  },
} as const satisfies Record<string, SettingRow>
