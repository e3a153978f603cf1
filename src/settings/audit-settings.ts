import { oneOf, type SettingRow, text } from './schemas.ts'

/**
 * The keys that sign the checkpoints of the audit trail, which `src/secrets/audit-keys.ts` checks from each source alike, and the
 * places outside the database where signed checkpoints are kept.
 */
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
  TEAMS_AUDIT_ANCHOR_FOLDER: {
    group: 'Audit trail',
    schema: text,
    help: 'Folder, best on another machine, into which a signed checkpoint is written every hour and at a stop; no checkpoint in it is overwritten. The gateway needs to create, link or rename, and delete files there: copy the *.checkpoint files from it to storage with object lock under another account. A gateway whose database has fewer entries than the newest checkpoint there does not start.',
  },
  TEAMS_AUDIT_ANCHOR_CARD: {
    group: 'Audit trail',
    schema: oneOf(['daily', 'off']),
    default: 'daily',
    help: 'Signed checkpoint as a card (audit.checkpoint) to the stakeholder group compliance: once a day (daily), or never (off). Without a key there is none.',
  },
} as const satisfies Record<string, SettingRow>
