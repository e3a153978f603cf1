import type { LogEventRow } from './fields.ts'

/** Log events of a start: settings, secrets, database, sandbox. */
export const START_EVENTS = {
  gateway_listening: {
    level: 'info',
    message: 'gateway listens; it accepts events and delivers',
    fields: ['origin'],
  },
  sandbox_served: {
    level: 'info',
    message: 'sandbox is served; channels without a webhook URL send to it, as TEAMS_SANDBOX=on asks',
    fields: ['sandbox'],
  },
  sandbox_replaces_teams: {
    level: 'warn',
    message: 'no channel has a webhook URL; cards go to the sandbox, the built-in stand-in for Teams',
    fields: ['sandbox'],
    todo: 'Set a webhook URL for each channel, or TEAMS_SANDBOX=on where the sandbox is meant.',
  },
  sandbox_refused: {
    level: 'error',
    message: 'no channel has a webhook URL here, but cards of this database went to real ones; none is sent from here',
    fields: [],
    todo: 'Give this replica the webhook URLs of the others. TEAMS_SANDBOX=on uses the sandbox all the same.',
  },
  setting_questionable: {
    level: 'warn',
    message: 'setting may not do what is meant; the start goes on',
    fields: ['setting', 'notice'],
    todo: 'Read the notice; change the setting where it is not meant so.',
  },
  database_address_ignored: {
    level: 'warn',
    message:
      'database address under these names is not read, as DATABASE_URL is not set; the embedded database is used',
    fields: ['names'],
    todo: 'Set DATABASE_URL to that address, or TEAMS_DATA_DIR where the embedded database is meant.',
  },
  patient_data_unmarked: {
    level: 'warn',
    message: 'data field is named like patient data and is kept as it comes',
    fields: ['field'],
    todo: 'Mark the field in the configuration with phi: true, or with phi: false if it is none.',
  },
  signing_secret_made_up: {
    level: 'warn',
    message: 'no signing secret is known; posts are signed with one made up at start',
    fields: [],
    todo: 'Set TEAMS_HMAC_SECRET_KEY, or write the secret to Vault, if receivers check signatures.',
  },
  vault_signing_secret_unused: {
    level: 'info',
    message: 'signing secret of the environment is used; Vault is not asked for one',
    fields: ['at', 'path'],
  },
  webhook_channel_unknown: {
    level: 'warn',
    message: 'webhook URL names a channel that does not exist; it is not used',
    fields: ['at', 'expected'],
    todo: 'Correct the name, or add the channel to the configuration.',
  },
  webhook_questionable: {
    level: 'warn',
    message: 'webhook URL may not be the one that is meant; it is used',
    fields: ['at', 'found', 'todo'],
    optional: ['channel'],
    todo: 'Do what the field todo says.',
  },
  data_folder_open: {
    level: 'warn',
    message: 'data folder is open to other users; the database in it is not, as long as they may not change its mode',
    fields: ['mode'],
    todo: 'chmod 700 the folder, if no other account needs it.',
  },
  schema_migrated: {
    level: 'info',
    message: 'database schema brought up to date',
    fields: ['applied'],
  },
  earlier_rows_completed: {
    level: 'info',
    message: 'rows of an earlier version were completed',
    fields: ['rows', 'indexes'],
  },
  earlier_rows_incomplete: {
    level: 'warn',
    message: 'rows or indexes of an earlier version could not be completed; delivery goes on',
    fields: ['err'],
    todo: 'Run "claimlinc-teams migrate up" as the owner of the tables.',
  },
  partition_missing: {
    level: 'warn',
    message: 'month has no partition; its rows go to the default partition until one can be made',
    fields: ['err'],
    todo: 'Nothing, if a backup runs: it is tried again every 6 hours. Otherwise let the user make tables.',
  },
} as const satisfies Record<string, LogEventRow>
