interface MetricRow {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
  /** Upper bounds of a histogram, in its unit. */
  readonly buckets?: readonly number[]
}

/**
 * Every metric, once; `docs/reference/metrics.md` is written from this table. Names and labels are a contract.
 * Labels come from closed sets: event types, priorities, channels, outcomes. Never a correlation id, never data.
 */
export const METRICS = {
  teams_events_accepted_total: {
    type: 'counter',
    help: 'Events accepted, that is, committed.',
    labels: ['event_type', 'priority'],
  },
  teams_events_refused_total: {
    type: 'counter',
    help: 'Requests with events that were refused, by error code.',
    labels: ['code'],
  },
  teams_requests_refused_total: {
    type: 'counter',
    help: 'Requests that were refused with gateway_busy, by what they ask for: send, read, change, other.',
    labels: ['work'],
  },
  teams_events_duplicate_total: {
    type: 'counter',
    help: 'Events whose idempotency key was known, so that the first answer was given again.',
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
    help: 'Notifications that were put into a digest.',
    labels: ['channel'],
  },
  teams_notifications_suppressed_total: {
    type: 'counter',
    help: 'Notifications that were kept back when they were accepted (muted, silence, maintenance, repeat), or when their channel was muted while they waited.',
    labels: ['channel', 'reason'],
  },
  teams_notification_retries_total: {
    type: 'counter',
    help: 'Attempts after which a notification went back to waiting.',
    labels: ['channel', 'outcome'],
  },
  teams_notification_send_duration_seconds: {
    type: 'histogram',
    help: 'Time from the start of an attempt, its wait for a connection included, to its outcome.',
    labels: ['channel', 'outcome'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30],
  },
  teams_notification_wait_seconds: {
    type: 'histogram',
    help: 'Time from accepting an event to Teams accepting its card.',
    labels: ['priority'],
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800, 3600],
  },
  teams_notification_cards_shrunk_total: {
    type: 'counter',
    help: 'Cards that had to shrink to fit.',
    labels: ['event_type', 'step'],
  },
  teams_channel_backlog: { type: 'gauge', help: 'Notifications that wait.', labels: ['channel', 'priority'] },
  teams_channel_oldest_waiting_seconds: {
    type: 'gauge',
    help: 'Age of the oldest notification that waits, from the acceptance of its event; 0 where none waits.',
    labels: ['channel'],
  },
  teams_channel_address_missing: {
    type: 'gauge',
    help: '1 where the channel has no webhook URL and is not muted: its notifications wait until it has one. Else 0.',
    labels: ['channel'],
  },
  teams_channel_budget: { type: 'gauge', help: 'Cards that the channel may get right now.', labels: ['channel'] },
  teams_channel_breaker: {
    type: 'gauge',
    help: 'Breaker of the channel: 0 closed, 1 half open, 2 open.',
    labels: ['channel'],
  },
  teams_publish_failures_total: {
    type: 'counter',
    help: 'Accepted events that could not be published to Redis.',
    labels: [],
  },
  teams_secrets_refresh_failures_total: {
    type: 'counter',
    help: 'Looks at Vault or at a secrets file that failed; the values known before stay in use.',
    labels: ['source'],
  },
  teams_database_up: {
    type: 'gauge',
    help: 'Whether the database answered this scrape: 1, or 0 and then every teams_channel_ gauge is missing.',
    labels: [],
  },
  teams_build_info: {
    type: 'gauge',
    help: 'Always 1; its labels are the version of the gateway and of Node.',
    labels: ['version', 'node'],
  },
} as const satisfies Record<string, MetricRow>

/** The name of a metric, a key of {@link METRICS}. */
export type MetricName = keyof typeof METRICS

/** The labels that one metric takes. */
export type LabelsOf<N extends MetricName> = { readonly [L in (typeof METRICS)[N]['labels'][number]]: string }
