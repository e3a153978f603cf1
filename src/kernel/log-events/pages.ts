import type { LogEventRow } from './fields.ts'

/** Log events of pages: what PagerDuty and Jira Service Management are told. */
export const PAGE_EVENTS = {
  page_accepted: {
    level: 'info',
    message: 'service accepted a page; whether somebody is called, it tells later',
    fields: ['pager', 'page_request', 'event_id', 'correlation_id'],
  },
  page_delayed: {
    level: 'warn',
    message: 'service could not be told of a page; it is told again until it accepts',
    fields: ['pager', 'page_request', 'event_id', 'correlation_id', 'code'],
    todo: 'Look at the code in the reference of codes of pages. If it stays, look at the pager with "claimlinc-teams doctor".',
  },
  page_failed: {
    level: 'error',
    message: 'service refuses a page; it is not told again',
    fields: ['pager', 'page_request', 'event_id', 'correlation_id', 'code'],
    todo: 'Look at the code in the reference of codes of pages, and call somebody by hand.',
  },
  pages_abandoned: {
    level: 'error',
    message: 'pages of a pager that the configuration has no more are ended; their service is not told',
    fields: ['pager', 'pages'],
    todo: 'Look for open alerts at the service and end them by hand.',
  },
  page_told: {
    level: 'info',
    message: 'service told that an alert is opened, acknowledged or resolved there',
    fields: ['pager', 'page_state', 'event_id'],
  },
  pager_webhook_refused: {
    level: 'warn',
    message: 'webhook of a pager refused; nothing was done',
    fields: ['pager', 'reason'],
    todo: 'What the reference of codes of pages says of the reason.',
  },
  pages_not_read: {
    level: 'error',
    message: 'pages could not be read or recorded; they are looked for again',
    fields: ['pager', 'err'],
    todo: 'Look at the error; most often the database is not reachable.',
  },
} as const satisfies Record<string, LogEventRow>
