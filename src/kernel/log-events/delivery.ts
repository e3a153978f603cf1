import type { LogEventRow } from './fields.ts'

/** Fields of a log line about one attempt. */
const ATTEMPT = [
  'correlation_id',
  'notification_id',
  'channel',
  'event_type',
  'priority',
  'attempt',
  'outcome',
] as const

/** Log events of delivery: notifications, channels, turns, the job engine. */
export const DELIVERY_EVENTS = {
  notification_sent: {
    level: 'info',
    message: 'Teams notification sent successfully',
    fields: ATTEMPT,
    optional: ['status'],
  },
  notification_retry_scheduled: {
    level: 'warn',
    message: 'Teams notification not taken; it waits and is sent again',
    fields: [...ATTEMPT, 'reason'],
    optional: ['status'],
    todo: 'What the outcome asks for, if it goes on.',
  },
  notification_failed: {
    level: 'error',
    message: 'Teams notification failed; it is kept and can be replayed',
    fields: [...ATTEMPT, 'reason'],
    optional: ['status'],
    todo: 'What the outcome asks for; then "claimlinc-teams notifications replay" with the notification_id.',
  },
  notification_taken_over: {
    level: 'warn',
    message: 'Teams notification was taken over by another turn; this attempt is recorded, the other turn decides',
    fields: ATTEMPT,
    optional: ['status'],
    todo: 'Nothing for a single one; the card may be shown twice. If it goes on, the database answers too slowly.',
  },
  notifications_digested: {
    level: 'warn',
    message: 'channel backlog exceeds its budget; notifications were put into digests',
    fields: ['channel', 'digested', 'digests'],
    todo: 'Find out who sends so much, or raise the budget of the channel if Teams lets that through.',
  },
  notifications_suppressed: {
    level: 'warn',
    message: 'channel is muted; notifications that waited for it are suppressed',
    fields: ['channel', 'suppressed'],
    todo: 'Nothing, if the channel is meant to be muted. Suppressed notifications are not sent later.',
  },
  card_render_failed: {
    level: 'error',
    message: 'card could not be rendered; its notification fails',
    fields: ['err', 'correlation_id', 'notification_id', 'channel', 'event_type'],
    todo: 'Check the template with "claimlinc-teams templates check"; then replay the notification.',
  },
  attempt_interrupted: {
    level: 'warn',
    message: 'attempt was interrupted; its card may have arrived and is sent again',
    fields: ['correlation_id', 'channel'],
    todo: 'Nothing after a crash or a kill. If it goes on, look for a replica that dies or a database that is too slow.',
  },
  attempts_not_recorded: {
    level: 'warn',
    message: 'finished attempts could not be recorded; trying again each second',
    fields: ['err', 'channel', 'tries', 'correlation_ids'],
    todo: 'Bring the database back. Do not kill this process: its cards would be sent again.',
  },
  channel_address_missing: {
    level: 'warn',
    message: 'channels have no destination, for this reason; their notifications wait',
    fields: ['channels', 'reason'],
    todo: 'With the reason address_missing, set the webhook URL of each, or "muted: true" in the configuration.',
  },
  channel_breaker_opened: {
    level: 'error',
    message: 'channel breaker opened; notifications wait until rests_until, then one probe is sent',
    fields: ['channel', 'correlation_ids'],
    optional: ['rests_until', 'reason'],
    todo: 'What the reason asks for. Nothing is lost: the notifications go out once a probe succeeds.',
  },
  channel_breaker_closed: {
    level: 'info',
    message: 'channel breaker closed; sending resumes',
    fields: ['channel', 'correlation_ids'],
  },
  channel_rest_not_ended: {
    level: 'warn',
    message: 'channels with a new webhook URL could not be woken; the URL is used at their next turn',
    fields: ['err', 'channels'],
    todo: 'Nothing, if the database is back.',
  },
  impossible_waits_ended: {
    level: 'warn',
    message: 'waits longer than any rule sets were ended; the clock of the database was set back',
    fields: ['ended'],
    todo: 'Check the time synchronisation of the database server.',
  },
  turn_failed: {
    level: 'error',
    message: 'turn failed; what it held is sent by a later turn',
    fields: ['err', 'channel'],
    todo: 'Check that the database answers; each channel is tried again after a second.',
  },
  turn_lost: {
    level: 'warn',
    message: 'turn lost its channel to another turn; it records its finished attempts and ends',
    fields: ['channel'],
    todo: 'Nothing for a single one. If it goes on, this process or the database is too slow to renew leases.',
  },
  lease_renewal_failed: {
    level: 'warn',
    message: "turn's lease could not be renewed; trying again each second",
    fields: ['err', 'channel'],
    todo: 'Check that the database answers.',
  },
  sweep_failed: {
    level: 'error',
    message: 'sweep could not search the database for due work; trying again each second',
    fields: ['err'],
    todo: 'Check that the database answers.',
  },
  sweep_recovered: {
    level: 'info',
    message: 'sweep searches the database for due work again',
    fields: [],
  },
  job_engine_failed: {
    level: 'warn',
    message: 'job engine met an error and goes on',
    fields: ['err'],
    todo: 'Check that the database answers.',
  },
  job_engine_warned: {
    level: 'warn',
    message: 'job engine warns and goes on',
    fields: ['warning'],
    todo: 'Read the warning: slow queries, many jobs, or a transaction that keeps the database from cleaning up.',
  },
  maintenance_failed: {
    level: 'error',
    message: 'maintenance of the database failed; it is tried again',
    fields: ['err'],
    todo: 'Check the rights of the database user and what locks the tables. Old months are kept until it succeeds.',
  },
  past_months_moved: {
    level: 'info',
    message: 'past months were moved out of the default partition',
    fields: ['months'],
  },
} as const satisfies Record<string, LogEventRow>
