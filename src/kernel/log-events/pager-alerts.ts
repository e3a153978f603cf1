import type { LogEventRow } from './fields.ts'

/** Log events of pager alerts: what PagerDuty and Jira Service Management are told. */
export const PAGER_ALERT_EVENTS = {
  pager_alert_accepted: {
    level: 'info',
    message: 'service accepted a pager alert; whether somebody is called, it tells later',
    fields: ['pager', 'pager_alert_request', 'event_id', 'correlation_id'],
  },
  pager_alert_delayed: {
    level: 'warn',
    message: 'service could not be told of a pager alert; it is told again until it accepts',
    fields: ['pager', 'pager_alert_request', 'event_id', 'correlation_id', 'code'],
    todo: 'Look at the code in the reference of pager alert codes. If it stays, look at the pager with "claimlinc-teams doctor".',
  },
  pager_alert_failed: {
    level: 'error',
    message: 'service refuses a pager alert; it is not told again',
    fields: ['pager', 'pager_alert_request', 'event_id', 'correlation_id', 'code'],
    todo: 'Look at the code in the reference of pager alert codes, and call somebody by hand.',
  },
  pager_alerts_abandoned: {
    level: 'error',
    message: 'pager alerts of a pager that the configuration has no more are ended; their service is not told',
    fields: ['pager', 'pager_alerts'],
    todo: 'Look for open alerts at the service and end them by hand.',
  },
  pager_alert_told: {
    level: 'info',
    message: 'service told that an alert is opened, acknowledged or resolved there',
    fields: ['pager', 'pager_alert_state', 'event_id'],
  },
  pager_webhook_refused: {
    level: 'warn',
    message: 'webhook of a pager refused; nothing was done',
    fields: ['pager', 'reason'],
    todo: 'What the reference of pager alert codes says of the reason.',
  },
  pager_alerts_not_read: {
    level: 'error',
    message: 'pager alerts could not be read or recorded; they are looked for again',
    fields: ['pager', 'err'],
    todo: 'Look at the error; most often the database is not reachable.',
  },
} as const satisfies Record<string, LogEventRow>
