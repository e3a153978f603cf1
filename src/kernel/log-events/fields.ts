/** TypeScript type of a field's values, by the type in its row. Never an object: events, cards and settings are objects. */
interface ValueTypes {
  readonly text: string | null
  readonly texts: readonly string[]
  readonly number: number
  readonly time: Date
  /** Any thrown value; the log line has its name, code and stack frames, never the message of a foreign error. */
  readonly error: unknown
}

interface LogFieldRow {
  readonly type: keyof ValueTypes
  readonly help: string
}

/**
 * Every field of a log line besides `level`, `time`, `event` and `msg`, once: a name means the same on all lines.
 * `docs/reference/log-events.md` is written from this table.
 */
export const LOG_FIELDS = {
  aadsts: { type: 'number', help: "Number of Entra's error, without AADSTS before it." },
  action: { type: 'text', help: 'Name of the action.' },
  action_id: { type: 'text', help: 'Id of the action.' },
  action_state: { type: 'text', help: 'State of the action: requested, done, refused, failed or unknown.' },
  applied: { type: 'texts', help: 'Names of the migrations that were applied.' },
  at: { type: 'text', help: 'Setting, file entry or path in Vault where the value stands.' },
  attempt: { type: 'number', help: 'Number of the attempt, from 1.' },
  by: { type: 'text', help: 'Who asked for it: the name of a token, of a program or of an account.' },
  call: { type: 'text', help: "Name of the service's call that failed." },
  caller: { type: 'text', help: 'Name under which the request was authenticated; null where it was not.' },
  channel: { type: 'text', help: 'Key of the channel.' },
  channels: { type: 'texts', help: 'Keys of the channels.' },
  code: {
    type: 'text',
    help: 'Error code, as in the reference of errors; of a pager alert, as in the pager alert codes; of a source, as in the codes of sources.',
  },
  correlation_id: { type: 'text', help: 'Correlation id of the event.' },
  correlation_ids: { type: 'texts', help: 'Correlation ids of the events whose attempts are meant.' },
  count: {
    type: 'number',
    help: 'Refusals that the line stands for: more than 1 where they were counted for a minute.',
  },
  digested: { type: 'number', help: 'Notifications that were put into digests.' },
  digests: { type: 'number', help: 'Digests that were made.' },
  ended: { type: 'number', help: 'Waits of channels, notifications, escalations and pager alerts that were ended.' },
  err: { type: 'error', help: 'Name, code and stack frames of the error, and of its causes.' },
  event_id: { type: 'text', help: 'Id of the event.' },
  event_type: { type: 'text', help: 'Event type.' },
  expected: { type: 'text', help: 'What would be right instead.' },
  expired: { type: 'number', help: 'Events whose acknowledgement expired.' },
  field: { type: 'text', help: 'Where in the configuration the data field is declared.' },
  found: { type: 'text', help: 'What was found, described and not quoted.' },
  heartbeat: { type: 'text', help: 'Name of a heartbeat in the configuration file.' },
  ignored: { type: 'texts', help: 'Data fields that were not kept, as the event type does not declare them.' },
  indexes: { type: 'number', help: 'Indexes that were made.' },
  kept_back: { type: 'number', help: 'Waiting notifications that the silence suppressed.' },
  kind: { type: 'text', help: 'Kind of the silence: silence or maintenance; or of the source, such as postgres.' },
  method: { type: 'text', help: 'HTTP method.' },
  missed: { type: 'number', help: 'Accepted events that were not published meanwhile.' },
  mode: { type: 'text', help: 'Permissions of the folder, as chmod takes them.' },
  months: { type: 'number', help: 'Months that were moved or hashed.' },
  ms: { type: 'number', help: 'Milliseconds until the answer was sent.' },
  names: { type: 'texts', help: 'Names of environment variables.' },
  notice: { type: 'text', help: 'What the setting leads to.' },
  notification_id: { type: 'text', help: 'Id of the notification.' },
  open: { type: 'texts', help: 'What is wrong with the heartbeat: missed, overdue, failed.' },
  oauth_error: { type: 'text', help: "Error of OAuth 2.0 in Entra's answer, such as invalid_client." },
  origin: { type: 'text', help: 'Scheme, host and port where the gateway listens.' },
  outcome: { type: 'text', help: 'Outcome of the attempt, as in the reference of outcomes.' },
  pager_alert_request: {
    type: 'text',
    help: 'What the service of a pager alert is told: trigger, acknowledge, resolve.',
  },
  pager_alert_state: { type: 'text', help: 'State of the alert at the service: opened, acknowledged or resolved.' },
  pager: { type: 'text', help: 'Name of the pager in the configuration; null where it has none of the name.' },
  pager_alerts: { type: 'number', help: 'Pager alerts that were ended.' },
  pagers: { type: 'texts', help: 'Names of the pagers that are called.' },
  path: { type: 'text', help: 'Path in Vault.' },
  place: { type: 'text', help: 'Where checkpoints are kept outside the database: folder or card.' },
  policy: { type: 'text', help: 'Name of the escalation policy.' },
  priority: { type: 'text', help: 'Priority of the event.' },
  problems: { type: 'texts', help: 'Everything that is wrong: where, what was found, what was expected.' },
  reason: { type: 'text', help: 'Why: the meaning of an outcome, or its name.' },
  records: { type: 'number', help: 'Archived records.' },
  request_id: { type: 'text', help: 'Id of the request, which the `instance` of its error answer names too.' },
  result: {
    type: 'text',
    help: 'Why the action was refused or failed, as in the reference of results of actions; null where that needs no reason.',
  },
  rests_until: { type: 'time', help: 'When the channel gets its next card, a probe.' },
  route: { type: 'text', help: 'Pattern of the route; null where none fits. Never the path itself.' },
  rows: { type: 'number', help: 'Rows that were written.' },
  sandbox: { type: 'text', help: 'Where the sandbox is served.' },
  setting: { type: 'text', help: 'Name of the setting.' },
  silence_id: { type: 'text', help: 'Id of the silence.' },
  state: { type: 'text', help: 'State of the silence.' },
  status: { type: 'number', help: 'HTTP status: of Teams to a post, or of the gateway to a request.' },
  source: { type: 'text', help: 'Name of a source in the configuration file.' },
  subject: { type: 'text', help: 'Source of secrets, or the place of one value in it.' },
  suppressed: { type: 'number', help: 'Notifications that were suppressed.' },
  tier: { type: 'number', help: "Tier of the escalation policy; 1 is the event's own channels." },
  todo: { type: 'text', help: 'What to do about this value.' },
  tree: { type: 'text', help: 'Origin of the audit tree: the first line of its checkpoints.' },
  tree_size: { type: 'number', help: 'Entries in the tree at its last checkpoint.' },
  tries: { type: 'number', help: 'Tries so far.' },
  via: { type: 'text', help: 'How it is known who acts: entra, token, command_line and others.' },
  warning: { type: 'text', help: "The job engine's warning." },
} as const satisfies Record<string, LogFieldRow>

/** The name of a field, a key of {@link LOG_FIELDS}. */
export type LogField = keyof typeof LOG_FIELDS

/** The type of a field's values. */
export type LogValue<F extends LogField> = ValueTypes[(typeof LOG_FIELDS)[F]['type']]

/** One kind of log line. Warnings and errors say what to do. */
export type LogEventRow = {
  /** Constant: subject, event, consequence. Variables go into fields. */
  readonly message: string
  readonly fields: readonly LogField[]
  /** Fields that are missing from some lines of this kind. */
  readonly optional?: readonly LogField[]
} & ({ readonly level: 'debug' | 'info' } | { readonly level: 'warn' | 'error'; readonly todo: string })
