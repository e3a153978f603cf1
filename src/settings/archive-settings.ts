import { type SettingRow, text } from './schemas.ts'

/** The keys of the archive, which `src/secrets/archive-keys.ts` checks from each source alike. */
export const ARCHIVE_SETTINGS = {
  TEAMS_ARCHIVE_KEYS: {
    group: 'Archive',
    schema: text,
    secret: true,
    help: 'Keys that wrap the data keys of archived records, as "claimlinc-teams archive keygen" makes them, separated by a blank or a line break, at most 10. The first wraps; the others only read what they wrapped before. Without a key nothing is archived, so no dead-lettered message can be discarded. Who loses a key loses the records that it wraps.',
  },
  TEAMS_ARCHIVE_KEYS_FILE: {
    group: 'Archive',
    schema: text,
    help: 'Path of a file with the keys of TEAMS_ARCHIVE_KEYS. Changes are read every TEAMS_VAULT_REFRESH seconds.',
  },
  TEAMS_ARCHIVE_VAULT_PATH: {
    group: 'Archive',
    schema: text,
    help: 'Vault KV v2 path whose field archive_keys holds the keys of TEAMS_ARCHIVE_KEYS. Example: secret/teams/archive.',
  },
} as const satisfies Record<string, SettingRow>
