import type { LogEventRow } from './fields.ts'

/** Fields of a log line about one tier of an event. */
const TIER = ['event_id', 'correlation_id', 'event_type', 'priority', 'policy', 'tier'] as const

/** Log events of escalation: tiers, acknowledgements that expire, the loop that looks for due ones. */
export const ESCALATION_EVENTS = {
  escalation_tier_called: {
    level: 'info',
    message: 'tier of the escalation policy called, when it was due or by a person',
    fields: [...TIER, 'channels', 'pagers'],
  },
  escalation_reached_nobody: {
    level: 'error',
    message: 'escalation has no tier left that can be called; nobody was called',
    fields: [...TIER, 'problems'],
    todo: 'See to the event. Then unmute the channels, set their webhook URLs, or name others in the policy.',
  },
  acknowledgements_expired: {
    level: 'info',
    message:
      'acknowledgements expired; their events count as unacknowledged, and climb again where a policy is for them',
    fields: ['expired'],
  },
  escalation_failed: {
    level: 'error',
    message: 'due tiers could not be called; trying again',
    fields: ['err'],
    todo: 'Check that the database answers. Tiers that are due are called as soon as it does.',
  },
  escalation_recovered: {
    level: 'info',
    message: 'due tiers are called again',
    fields: [],
  },
} as const satisfies Record<string, LogEventRow>
