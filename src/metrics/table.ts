interface MetricRow {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
  /** Upper bounds of a histogram's buckets, in its unit. */
  readonly buckets?: readonly number[]
}

/**
 * Every metric, once; `docs/reference/metrics.md` is written from this table. Names and labels are a contract.
 * Labels come from closed sets: event types, priorities, channels, outcomes. Never a correlation id, never data.
 */
export const METRICS = {
  teams_events_accepted_total: {
    type: 'counter',
    help: 'Events accepted, that is, committed to the database.',
    labels: ['event_type', 'priority'],
  },
  teams_events_refused_total: {
    type: 'counter',
    help: 'Requests with events that were refused, by error code.',
    labels: ['code'],
  },
  teams_source_webhooks_total: {
    type: 'counter',
    help: 'Webhooks of Alertmanager and Grafana, by source and by what became of them: accepted, resolved, repeat, duplicate, heartbeat, heartbeat_lost, refused. Webhooks for a name that no source has count as the source "unknown".',
    labels: ['source', 'outcome'],
  },
  teams_requests_refused_total: {
    type: 'counter',
    help: 'Requests refused with gateway_busy, by kind of work: send, read, act, change, other.',
    labels: ['work'],
  },
  teams_link_refusals_total: {
    type: 'counter',
    help: 'Links, forms and sign-ins that the pages behind buttons refused, by code.',
    labels: ['code'],
  },
  teams_events_duplicate_total: {
    type: 'counter',
    help: 'Events whose idempotency key was already known; the first answer was returned again.',
    labels: [],
  },
  teams_notifications_sent_total: {
    type: 'counter',
    help: 'Notifications that Teams accepted.',
    labels: ['channel', 'event_type', 'priority'],
  },
  teams_notifications_failed_total: {
    type: 'counter',
    help: 'Notifications that became dead letters.',
    labels: ['channel', 'outcome'],
  },
  teams_notifications_digested_total: {
    type: 'counter',
    help: 'Notifications that were merged into a digest.',
    labels: ['channel'],
  },
  teams_notifications_suppressed_total: {
    type: 'counter',
    help: 'Notifications suppressed at acceptance (muted, silence, maintenance, repeat), or in the backlog after their channel was muted.',
    labels: ['channel', 'reason'],
  },
  teams_notification_retries_total: {
    type: 'counter',
    help: 'Attempts after which the notification went back to the backlog (pending).',
    labels: ['channel', 'outcome'],
  },
  teams_actions_total: {
    type: 'counter',
    help: 'Actions that people and programs asked for, by their first answer: done, refused, requested. What becomes of a requested one is counted again.',
    labels: ['action', 'state'],
  },
  teams_acknowledgement_seconds: {
    type: 'histogram',
    help: 'Time from the first post of an event, in any channel, to its first acknowledgement. A second one, after the first expired, is not counted.',
    labels: ['priority'],
    buckets: [10, 30, 60, 120, 300, 600, 1800, 3600, 14400, 86400],
  },
  teams_events_to_acknowledge_total: {
    type: 'counter',
    help: 'Accepted events with a notification to be sent, by stakeholder group; an event of two groups counts for both. Not those that were suppressed.',
    labels: ['stakeholder', 'priority'],
  },
  teams_events_acknowledged_total: {
    type: 'counter',
    help: 'The same events once they are acknowledged for the first time, through this process. Divided by teams_events_to_acknowledge_total: the acknowledged share of the group.',
    labels: ['stakeholder', 'priority'],
  },
  teams_notification_send_duration_seconds: {
    type: 'histogram',
    help: 'Time from the start of an attempt to its outcome, including the wait for a connection.',
    labels: ['channel', 'outcome'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30],
  },
  teams_notification_wait_seconds: {
    type: 'histogram',
    help: 'Time from the acceptance of an event to the acceptance of its card by Teams.',
    labels: ['priority'],
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800, 3600],
  },
  teams_notification_cards_shrunk_total: {
    type: 'counter',
    help: 'Cards that were shortened to fit TEAMS_CARD_MAX_BYTES, by the step that shortened them.',
    labels: ['event_type', 'step'],
  },
  teams_channel_backlog: {
    type: 'gauge',
    help: 'Backlog: notifications of the channel that are not yet sent (pending or sending).',
    labels: ['channel', 'priority'],
  },
  teams_channel_oldest_waiting_seconds: {
    type: 'gauge',
    help: 'Age of the oldest notification in the backlog, since the acceptance of its event; 0 for an empty backlog.',
    labels: ['channel'],
  },
  teams_channel_address_missing: {
    type: 'gauge',
    help: '1 if the channel has no webhook URL and is not muted: its notifications wait until a URL is set. Otherwise 0.',
    labels: ['channel'],
  },
  teams_channel_budget: {
    type: 'gauge',
    help: 'Tokens left in the channel budget: cards that may be sent now.',
    labels: ['channel'],
  },
  teams_channel_breaker: {
    type: 'gauge',
    help: 'Channel breaker: 0 closed, 1 half open, 2 open.',
    labels: ['channel'],
  },
  teams_heartbeat_signals_total: {
    type: 'counter',
    help: 'Reports of heartbeats, by heartbeat and signal: start, success, failure; repeat for one that came again. Those for a name that no heartbeat has count as the heartbeat "unknown", refused.',
    labels: ['heartbeat', 'signal'],
  },
  teams_heartbeat_open: {
    type: 'gauge',
    help: '1 if a success is missing, or the last run failed: the event was sent, and not resolved yet.',
    labels: ['heartbeat'],
  },
  teams_heartbeat_last_success_timestamp_seconds: {
    type: 'gauge',
    help: 'When the heartbeat succeeded last, in seconds since 1970; absent before its first success.',
    labels: ['heartbeat'],
  },
  teams_source_up: {
    type: 'gauge',
    help: '1 if the source sees its system; 0 if it does not, or if no replica runs it.',
    labels: ['source', 'kind'],
  },
  teams_source_blind: {
    type: 'gauge',
    help: '1 from gateway.source.blind to gateway.source.recovered; otherwise 0.',
    labels: ['source', 'kind'],
  },
  teams_source_open_findings: {
    type: 'gauge',
    help: 'Conditions of the watched system that are open: their event was sent, and not resolved yet.',
    labels: ['source', 'kind'],
  },
  teams_source_events_lost_total: {
    type: 'counter',
    help: 'Events of a watched system that became no event here, by reason: unreadable, or dropped, as more came than the database takes.',
    labels: ['source', 'kind', 'reason'],
  },
  teams_source_looks_total: {
    type: 'counter',
    help: 'Looks of the source at its system, by result: ok, or a code of a source.',
    labels: ['source', 'kind', 'result'],
  },
  teams_pager_alerts_total: {
    type: 'counter',
    help: 'Requests to services that call people, by the name of the pager, what was asked for (trigger, acknowledge, resolve), and the outcome: accepted, done, unprocessed, or a pager alert code.',
    labels: ['pager', 'request', 'outcome'],
  },
  teams_escalation_tiers_called_total: {
    type: 'counter',
    help: 'Tiers of escalation policies that were called, by the number of the tier and the cause: timer (nobody acknowledged in time) or person (somebody asked for it).',
    labels: ['priority', 'tier', 'cause'],
  },
  teams_escalation_reached_nobody_total: {
    type: 'counter',
    help: 'Escalations whose due tier, and all tiers after it, could not be called: muted, silenced, without a webhook URL.',
    labels: ['priority'],
  },
  teams_escalation_acknowledgements_expired_total: {
    type: 'counter',
    help: 'Events whose acknowledgement expired: they count as unacknowledged again, and climb again where a policy is for them.',
    labels: [],
  },
  teams_escalation_overdue: {
    type: 'gauge',
    help: 'Tiers, reminders and expiries that have been due for more than 10 seconds and are not done.',
    labels: [],
  },
  teams_pager_webhooks_total: {
    type: 'counter',
    help: 'Webhooks of services that call people, by the name of the pager (unknown for others) and what became of them: acknowledged, recorded, ignored, or why they were refused.',
    labels: ['pager', 'outcome'],
  },
  teams_publish_failures_total: {
    type: 'counter',
    help: 'Accepted events that could not be published to Redis.',
    labels: [],
  },
  teams_secrets_refresh_failures_total: {
    type: 'counter',
    help: 'Failed refreshes of secrets from Vault or a secrets file; the last known values stay in use.',
    labels: ['source'],
  },
  teams_audit_unsealed_seconds: {
    type: 'gauge',
    help: 'Age of the oldest committed entry of the audit trail that is not yet in the tree, since its transaction began; 0 if all are.',
    labels: [],
  },
  teams_audit_oldest_open_transaction_seconds: {
    type: 'gauge',
    help: "Age of the oldest transaction of this database that writes, prepared ones included; 0 if there is none. Its own audit entries are sealed once it ends. Sees other users' transactions only with pg_read_all_stats.",
    labels: [],
  },
  teams_audit_anchors_total: {
    type: 'counter',
    help: 'Signed checkpoints that were kept outside the database, in TEAMS_AUDIT_ANCHOR_FOLDER (folder) or on a card (card).',
    labels: ['place'],
  },
  teams_audit_anchor_failures_total: {
    type: 'counter',
    help: 'Signed checkpoints that could not be kept outside the database; tried again a minute later.',
    labels: ['place'],
  },
  teams_database_up: {
    type: 'gauge',
    help: '1 if the database answered this scrape. Otherwise 0, and all teams_channel_ and teams_audit_ gauges are missing.',
    labels: [],
  },
  teams_build_info: {
    type: 'gauge',
    help: 'Always 1; the labels are the versions of the gateway and of Node.',
    labels: ['version', 'node'],
  },
} as const satisfies Record<string, MetricRow>

/** The name of a metric, a key of {@link METRICS}. */
export type MetricName = keyof typeof METRICS

/** The labels of one metric. */
export type LabelsOf<N extends MetricName> = { readonly [L in (typeof METRICS)[N]['labels'][number]]: string }
