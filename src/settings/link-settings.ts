import type { SettingRow } from './row.ts'
import { url } from './schemas.ts'

/** Where link buttons lead; a card has only the buttons for which there is an address. */
export const LINK_SETTINGS = {
  TEAMS_LINK_GRAFANA: {
    group: 'Events and cards',
    schema: url(['http:', 'https:']),
    help: "Address of the dashboards; the button opens it with the event's type and correlation id.",
  },
  TEAMS_LINK_FLOWER: {
    group: 'Events and cards',
    schema: url(['http:', 'https:']),
    help: 'Address of Flower; the button opens /task/<task_id> there.',
  },
  TEAMS_LINK_LOGS: {
    group: 'Events and cards',
    schema: url(['http:', 'https:']),
    help: 'Address of the log search; {correlation_id} in it is replaced.',
  },
  TEAMS_LINK_CLAIMS: {
    group: 'Events and cards',
    schema: url(['http:', 'https:']),
    help: 'Address of the claim pages; {claim_id} in it is replaced.',
  },
  TEAMS_LINK_NPHIES: {
    group: 'Events and cards',
    schema: url(['http:', 'https:']),
    help: 'Address of the NPHIES portal.',
  },
  TEAMS_LINK_NPHIES_STATUS: {
    group: 'Events and cards',
    schema: url(['http:', 'https:']),
    help: 'Address of the page that says whether NPHIES is up; a failed request to NPHIES has a button to it.',
  },
  TEAMS_LINK_NPHIES_DOCS: {
    group: 'Events and cards',
    schema: url(['http:', 'https:']),
    help: 'Address of the NPHIES documentation; a rejected claim has a button to it, for the rejection codes.',
  },
  TEAMS_LINK_VAULT_RUNBOOK: {
    group: 'Events and cards',
    schema: url(['http:', 'https:']),
    help: 'Address of the runbook for events of Vault.',
  },
  TEAMS_LINK_CELERY_RUNBOOK: {
    group: 'Events and cards',
    schema: url(['http:', 'https:']),
    help: 'Address of the runbook for events of Celery.',
  },
  TEAMS_LINK_NPHIES_RUNBOOK: {
    group: 'Events and cards',
    schema: url(['http:', 'https:']),
    help: 'Address of the runbook for events of NPHIES.',
  },
  TEAMS_LINK_NOTIFICATIONS: {
    group: 'Events and cards',
    schema: url(['http:', 'https:']),
    help: 'Address where notifications are listed, for example https://teams-gateway.example/v1/notifications?digest_id={digest_id}; a digest has a button to it, and {digest_id} in it is replaced.',
  },
} as const satisfies Record<string, SettingRow>
