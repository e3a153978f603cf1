import type { LogEventRow } from './fields.ts'

/** Log events of callers' requests, and of the tasks beside delivery: secrets, live listeners, metrics. */
export const REQUEST_EVENTS = {
  event_accepted: {
    level: 'info',
    message: 'event accepted; its notifications are in the database',
    fields: ['correlation_id', 'event_id', 'event_type', 'priority', 'channels'],
    optional: ['ignored'],
  },
  event_duplicate: {
    level: 'info',
    message: 'event is a duplicate; the first answer was given again',
    fields: ['correlation_id', 'event_id'],
  },
  alert_type_ignored: {
    level: 'warn',
    message: 'event type of an alert is not used; the alert became prometheus.alert.firing',
    fields: ['source', 'reason'],
    todo: 'reason unknown: correct the label event_type of the Prometheus rule; there is no such type, or alerts can not have it because it resolves others. data_missing: add labels or annotations with the names of the required fields of that type.',
  },
  heartbeat_lost: {
    level: 'warn',
    message: 'alert that must keep firing is resolved; its Prometheus reports nothing more',
    fields: ['source'],
    todo: 'Look whether Prometheus runs and reaches Alertmanager. If the alert is meant to end, take it off heartbeats of the source.',
  },
  notification_replayed: {
    level: 'info',
    message: 'failed notification replayed; it is sent again',
    fields: ['correlation_id', 'notification_id', 'channel', 'by'],
  },
  silence_created: {
    level: 'info',
    message: 'silence created; what it matches is suppressed while it is active',
    fields: ['silence_id', 'kind', 'state', 'by', 'kept_back'],
  },
  silence_incomplete: {
    level: 'error',
    message: 'silence created, but not all that waited was suppressed; what it matches may still be sent',
    fields: ['err', 'silence_id', 'kept_back'],
    todo: 'End the silence and make it again, once the database answers.',
  },
  silence_ended: {
    level: 'info',
    message: 'silence ended; what it matched makes cards again',
    fields: ['silence_id', 'kind', 'by'],
  },
  call_failed: {
    level: 'error',
    message: 'call of the gateway failed; its caller got the code',
    fields: ['err', 'call', 'code'],
    todo: 'What the reference of errors says of the code.',
  },
  request_answered: {
    level: 'info',
    message: 'request answered',
    fields: ['method', 'route', 'status', 'ms', 'caller', 'request_id'],
    optional: ['correlation_id'],
  },
  probe_answered: {
    level: 'debug',
    message: 'probe answered',
    fields: ['method', 'route', 'status', 'ms', 'caller', 'request_id'],
    optional: ['correlation_id'],
  },
  request_failed: {
    level: 'error',
    message: 'request failed; its answer has a status of 5xx',
    fields: ['err', 'request_id', 'route'],
    todo: 'What the reference of errors says of the code of err.',
  },
  publish_failed: {
    level: 'warn',
    message: 'events can not be published to Redis; live listeners miss them, cards are sent as ever',
    fields: [],
    optional: ['err'],
    todo: 'Check TEAMS_REDIS_URL and that Redis answers. Logged once an outage.',
  },
  publish_recovered: {
    level: 'info',
    message: 'events are published to Redis again',
    fields: ['missed'],
  },
  secrets_refresh_failed: {
    level: 'error',
    message: 'secrets could not be read; values known before stay in use',
    fields: ['code', 'subject', 'problems'],
    todo: 'What the problems ask for. Logged once an outage.',
  },
  secret_refused: {
    level: 'error',
    message: 'secret can not be used; the value known before stays in use',
    fields: ['code', 'subject', 'problems'],
    todo: 'Correct the value; it is read again at the next refresh.',
  },
  secrets_recovered: {
    level: 'info',
    message: 'secrets can be read and used again',
    fields: ['subject'],
  },
  secrets_changed: {
    level: 'info',
    message: 'secrets changed; the new values are used from now on',
    fields: ['channels'],
  },
  secrets_refresh_crashed: {
    level: 'error',
    message: 'refresh of the secrets crashed; it is tried again, and values known before stay in use',
    fields: ['err'],
    todo: 'Report it with this line: it is a defect of the gateway.',
  },
  secrets_listener_failed: {
    level: 'error',
    message: 'listener for changed secrets failed; its part uses the new values later',
    fields: ['err'],
    todo: 'Report it with this line: it is a defect of the gateway.',
  },
  channel_metrics_missing: {
    level: 'warn',
    message: 'database does not answer; metrics of channels and of the audit trail are missing until it does',
    fields: ['err'],
    todo: 'Check that the database answers. Logged once an outage.',
  },
  database_connection_broken: {
    level: 'warn',
    message: 'idle database connection broke; the next query makes a new one',
    fields: ['err'],
    todo: 'Nothing after a restart of the database. If it goes on, look for what cuts idle connections.',
  },
  process_warned: {
    level: 'warn',
    message: 'Node or a library warns; the process goes on',
    fields: ['err'],
    todo: 'Report it with this line, if it comes with every start.',
  },
} as const satisfies Record<string, LogEventRow>
