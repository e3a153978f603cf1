import { type SettingRow, url } from './schemas.ts'

/** URLs of link buttons. A card has only the link buttons whose setting is set. */
export const LINK_SETTINGS = {
  TEAMS_LINK_GRAFANA: {
    group: 'Events and cards',
    schema: url(['http:', 'https:']),
    help: "Address of the Grafana dashboards. The button adds the event's type and correlation id.",
  },
  TEAMS_LINK_FLOWER: {
    group: 'Events and cards',
    schema: url(['http:', 'https:']),
    help: 'Address of Flower. The button opens /task/<task_id> there.',
  },
  TEAMS_LINK_LOGS: {
    group: 'Events and cards',
    schema: url(['http:', 'https:']),
    help: 'Address of the log search. {correlation_id} in it is replaced.',
  },
  TEAMS_LINK_CLAIMS: {
    group: 'Events and cards',
    schema: url(['http:', 'https:']),
    help: 'Address of the claim pages. {claim_id} in it is replaced.',
  },
  TEAMS_LINK_NPHIES: {
    group: 'Events and cards',
    schema: url(['http:', 'https:']),
    help: 'Address of the NPHIES portal.',
  },
  TEAMS_LINK_NPHIES_STATUS: {
    group: 'Events and cards',
    schema: url(['http:', 'https:']),
    help: 'Address of the NPHIES status page. Cards of failed requests to NPHIES have a button to it.',
  },
  TEAMS_LINK_NPHIES_DOCS: {
    group: 'Events and cards',
    schema: url(['http:', 'https:']),
    help: 'Address of the NPHIES documentation. Cards of rejected claims have a button to it, for the rejection codes.',
  },
  TEAMS_LINK_VAULT_RUNBOOK: {
    group: 'Events and cards',
    schema: url(['http:', 'https:']),
    help: 'Address of the runbook for Vault events.',
  },
  TEAMS_LINK_CELERY_RUNBOOK: {
    group: 'Events and cards',
    schema: url(['http:', 'https:']),
    help: 'Address of the runbook for Celery events.',
  },
  TEAMS_LINK_NPHIES_RUNBOOK: {
    group: 'Events and cards',
    schema: url(['http:', 'https:']),
    help: 'Address of the runbook for NPHIES events.',
  },
  TEAMS_LINK_NOTIFICATIONS: {
    group: 'Events and cards',
    schema: url(['http:', 'https:']),
    help: 'Address of the list of notifications. Digests have a button to it; {digest_id} in it is replaced. Example: https://teams-gateway.example/v1/notifications?digest_id={digest_id}',
  },
} as const satisfies Record<string, SettingRow>
