/** The workflow template to choose in Teams, where the webhook URL is shown. */
export const WORKFLOW = 'Workflows > "Send webhook alerts to a channel"'
/** {@link WORKFLOW} with the name of its trigger, which identifies an existing workflow. */
const WORKFLOW_AND_TRIGGER = `${WORKFLOW} (its trigger is "When a Teams webhook request is received")` as const

/**
 * Every error code in answers, exceptions and log lines. A code is a contract: it is never renamed and never reused with
 * another meaning. `docs/reference/errors.md` is written from this table, and a test fails when the two differ.
 */
export const ERROR_CODES = {
  // Errors in a caller's request.
  invalid_event: {
    status: 422,
    title: 'The event is not valid',
    todo: 'Correct the fields that the answer names, then send the event again.',
  },
  invalid_alerts: {
    status: 422,
    title: 'The webhook is not one of Alertmanager or Grafana',
    todo: 'Nothing was accepted. Let an Alertmanager (webhook version 4) or a contact point of Grafana send it, without a payload of its own.',
  },
  invalid_request: {
    status: 400,
    title: 'The request is not valid',
    todo: 'Correct the parameters that the answer names.',
  },
  invalid_json: {
    status: 400,
    title: 'The body is not valid JSON in UTF-8',
    todo: 'Send one JSON document, encoded as UTF-8.',
  },
  body_too_large: {
    status: 413,
    title: 'The body is too large',
    todo: 'Send fewer events at once, or shorten their data. The limit is TEAMS_MAX_BODY_BYTES.',
  },
  too_many_events: {
    status: 413,
    title: 'Too many events in one request',
    todo: 'Send at most 1,000 events in one array.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'This content type is not supported',
    todo: 'Send application/json, or to /v1/events also application/cloudevents+json or application/cloudevents-batch+json.',
  },
  unauthenticated: {
    status: 401,
    title: 'No valid credentials',
    todo: 'Send "Authorization: Bearer <token>" with a token of TEAMS_API_TOKENS (--token on the command line), or a Standard Webhooks signature.',
  },
  forbidden: {
    status: 403,
    title: 'These credentials may not do that',
    todo: 'Use a token with the scope that the answer names.',
  },
  cross_site: {
    status: 403,
    title: 'A web page of another site may not call the gateway',
    todo: 'Call it from a program on this machine, as 127.0.0.1 or localhost. For other callers set TEAMS_API_TOKENS and send a token.',
  },
  not_found: { status: 404, title: 'The path or the id does not exist', todo: 'Check the path and the id.' },
  method_not_allowed: {
    status: 405,
    title: 'This path does not support that HTTP method',
    todo: 'See /openapi.json for the methods of this path.',
  },
  idempotency_key_reused: {
    status: 409,
    title: 'The idempotency key was already used for an event with other content',
    todo: 'Nothing was accepted. Give each event a key of its own. A key used again means the same event, sent again.',
  },
  not_replayable: {
    status: 409,
    title: 'This notification can not be replayed',
    todo: 'Only a notification in state "failed" can be replayed. "notifications show" prints the state.',
  },
  invalid_action: {
    status: 422,
    title: 'The action is not valid',
    todo: 'Nothing was done. Correct the fields that the answer names, then ask for the action again.',
  },
  several_events: {
    status: 409,
    title: 'The action could be done to several events with this correlation id',
    todo: 'Nothing was done. Name one of the events that the answer lists as event_id.',
  },
  action_key_reused: {
    status: 409,
    title: 'The idempotency key was already used for another action',
    todo: 'Nothing was done. Give each action a key of its own. A key used again means the same action, asked for again.',
  },
  invalid_silence: {
    status: 422,
    title: 'The silence is not valid',
    todo: 'Nothing was silenced. Correct the fields that the answer names, then create the silence again.',
  },
  silence_over: {
    status: 409,
    title: 'This silence has already ended',
    todo: 'Nothing; it suppresses no notifications any more.',
  },
  audit_not_signed: {
    status: 404,
    title: 'No checkpoint of the audit trail is signed yet',
    todo: 'Set TEAMS_AUDIT_KEY. "claimlinc-teams doctor" prints the command that makes the key. A running gateway then signs within a second.',
  },
  audit_not_intact: {
    status: 500,
    title: 'The audit trail in the database does not have the root that was signed',
    todo: 'Somebody changed leaves, nodes or checkpoints in the database. Run "claimlinc-teams audit verify", which names what was changed.',
  },
  archive_key_missing: {
    status: 409,
    title: 'No key is set that can open this archived record',
    todo: 'Set TEAMS_ARCHIVE_KEYS to the key that the answer names, beside the newest one. Without it nobody can read the record.',
  },
  archive_damaged: {
    status: 500,
    title: 'The archived record is not what the gateway wrote',
    todo: 'Somebody changed its row of teams_archive, and it can not be decrypted. "claimlinc-teams audit verify" names the columns. Get the row from a backup.',
  },
  // Errors in settings and files of the operator.
  invalid_settings: {
    status: 500,
    title: 'The settings are not valid',
    todo: 'Correct each setting that the error names. .env.example lists all settings with their defaults.',
  },
  invalid_config_file: {
    status: 500,
    title: 'The configuration file is not valid',
    todo: 'Correct each entry that the error names.',
  },
  invalid_template: {
    status: 500,
    title: 'A card template is not valid',
    todo: 'Correct the template. "claimlinc-teams templates check" shows every problem.',
  },
  webhook_placeholder: {
    status: 500,
    title: 'A webhook URL is still a placeholder',
    todo: `Replace it with the URL that Teams shows under ${WORKFLOW_AND_TRIGGER}.`,
  },
  webhook_retired: {
    status: 500,
    title: 'A webhook URL belongs to a retired Office 365 connector',
    todo: `Microsoft switched these connectors off in May 2026. Create a workflow in the channel, ... > ${WORKFLOW_AND_TRIGGER}, and use its URL.`,
  },
  webhook_invalid: {
    status: 500,
    title: 'A webhook URL can not be used',
    todo: 'Use the https URL that Teams shows, unchanged. For another host, add its suffix to TEAMS_WEBHOOK_HOST_SUFFIXES.',
  },
  // Failures of a dependency, and of the gateway's own availability.
  database_unreachable: {
    status: 503,
    title: 'The database can not be reached',
    todo: 'Check DATABASE_URL and that PostgreSQL is running. For a request with this answer nothing was written: send it again.',
  },
  commit_unknown: {
    status: 503,
    title:
      'The connection to the database was lost during COMMIT, and it is not known whether the transaction was committed',
    todo: 'Send the event again with the same idempotency key: if it was committed, the answer is the first one again and no second card is made. Without a key, and for requests other than events, check first whether the record exists.',
  },
  database_not_migrated: {
    status: 503,
    title: 'The database schema is not the version that this gateway needs',
    todo: 'Run "claimlinc-teams migrate up".',
  },
  data_dir_in_use: {
    status: 503,
    title: 'Another process uses this data folder',
    todo: 'Send through that gateway, stop it, or set TEAMS_DATA_DIR to another folder. To share one database between processes, set DATABASE_URL.',
  },
  secrets_unreachable: {
    status: 503,
    title: 'Vault, or a file with secrets, can not be read',
    todo: 'Check the address, the login and the path that the error names.',
  },
  audit_behind_anchor: {
    status: 503,
    title: 'The database has fewer audit entries than a checkpoint that was kept outside it',
    todo: 'An older backup was restored, or a fail-over lost transactions. Restore the newer database; if it is lost, run "claimlinc-teams audit continue", which records what is gone and begins a new tree.',
  },
  audit_differs_from_anchor: {
    status: 503,
    title: 'The audit entries of the database are not those of a checkpoint that was kept outside it',
    todo: 'Entries were rewritten, or this is another database than the one of that file. Look at "claimlinc-teams audit verify"; restore the right database. If a fail-over lost transactions, run "claimlinc-teams audit continue".',
  },
  port_in_use: {
    status: 503,
    title: 'The port is in use',
    todo: 'Stop the other program, or set the setting that the error names, TEAMS_HTTP_PORT or TEAMS_PUBLIC_PORT, to a free port.',
  },
  gateway_unreachable: {
    status: 503,
    title: 'The gateway does not answer',
    todo: 'Check the URL and that "claimlinc-teams serve" is running there. If only the answer was lost, the event may be accepted: send it again with the same idempotency key.',
  },
  gateway_busy: {
    status: 503,
    title: 'The gateway has too many requests in flight',
    todo: 'Nothing was done. Send it again after Retry-After seconds, with fewer requests at once.',
  },
  caller_gone: {
    status: 408,
    title: 'The caller closed the connection before the answer',
    todo: 'Nothing was done. Send it again with a longer client timeout.',
  },
  gateway_stopped: {
    status: 503,
    title: 'The gateway is stopping',
    todo: 'Send the event to another replica, or again once it is back.',
  },
  // Bugs.
  internal: {
    status: 500,
    title: 'The gateway failed',
    todo: 'It is not known whether the request was written: send an event again with the same idempotency key. Find the log lines whose request_id is the "instance" of the answer, and report them.',
  },
} as const satisfies Record<string, { status: number; title: string; todo: string }>

/** A stable error code, a key of {@link ERROR_CODES}. */
export type ErrorCode = keyof typeof ERROR_CODES
