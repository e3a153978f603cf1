/** Where Teams shows a webhook URL, by the workflow's template, which is the name that people choose there. */
export const WORKFLOW = 'Workflows > "Send webhook alerts to a channel"'
/** The same with the template's trigger, by which a workflow that is there already is known. */
const WORKFLOW_AND_TRIGGER = `${WORKFLOW} (its trigger is "When a Teams webhook request is received")` as const

/**
 * Every error code that a caller, an operator or a log can meet. The code is the contract: it is never
 * renamed and never reused with another meaning. `docs/reference/errors.md` is written from this table, and
 * a test fails when the two differ.
 */
export const ERROR_CODES = {
  // What a caller sent.
  invalid_event: {
    status: 422,
    title: 'The event is not valid',
    todo: 'Correct the fields that are named, and send it again.',
  },
  invalid_request: {
    status: 400,
    title: 'The request is not valid',
    todo: 'Correct the parameters that are named.',
  },
  invalid_json: {
    status: 400,
    title: 'The body is not valid JSON in UTF-8',
    todo: 'Send one JSON document, encoded as UTF-8.',
  },
  body_too_large: {
    status: 413,
    title: 'The body is too large',
    todo: 'Send fewer events at once, or shorten their data; the limit is TEAMS_MAX_BODY_BYTES.',
  },
  too_many_events: {
    status: 413,
    title: 'Too many events in one request',
    todo: 'Send at most 1,000 events in one array.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'This content type is not understood',
    todo: 'Send application/json, application/cloudevents+json or application/cloudevents-batch+json.',
  },
  unauthenticated: {
    status: 401,
    title: 'No valid credentials',
    todo: 'Send "Authorization: Bearer <token>" with a token of TEAMS_API_TOKENS (--token on the command line), or a Standard Webhooks signature.',
  },
  forbidden: {
    status: 403,
    title: 'These credentials may not do that',
    todo: 'Use a token that has the scope named in the answer.',
  },
  cross_site: {
    status: 403,
    title: 'A web page of another site may not call the gateway',
    todo: 'Call it from a program on this machine, as 127.0.0.1 or localhost; for anything else set TEAMS_API_TOKENS and show a token.',
  },
  not_found: { status: 404, title: 'There is no such thing here', todo: 'Check the path and the id.' },
  method_not_allowed: {
    status: 405,
    title: 'This path does not take that method',
    todo: 'See /openapi.json for what it takes.',
  },
  idempotency_key_reused: {
    status: 409,
    title: 'An idempotency key came before with another content',
    todo: 'Nothing was accepted. Give each event a key of its own; the same key means the same event, sent again.',
  },
  not_replayable: {
    status: 409,
    title: 'This notification can not be replayed',
    todo: 'Only a notification in state "failed" can be replayed; the others are still on their way or have arrived.',
  },
  invalid_silence: {
    status: 422,
    title: 'The silence is not valid',
    todo: 'Correct the fields that are named, and make it again; nothing was silenced.',
  },
  silence_over: {
    status: 409,
    title: 'This silence is over already',
    todo: 'Nothing has to be done: it keeps nothing back any more.',
  },
  // What an operator set.
  invalid_settings: {
    status: 500,
    title: 'The settings are not valid',
    todo: 'Correct each setting that is named; .env.example lists all of them with their defaults.',
  },
  invalid_config_file: {
    status: 500,
    title: 'The configuration file is not valid',
    todo: 'Correct each entry that is named.',
  },
  invalid_template: {
    status: 500,
    title: 'A card template is not valid',
    todo: 'Correct the template; "claimlinc-teams templates check" shows every problem.',
  },
  webhook_placeholder: {
    status: 500,
    title: 'A webhook URL is still a placeholder',
    todo: `Put the URL that Teams shows under ${WORKFLOW_AND_TRIGGER}.`,
  },
  webhook_retired: {
    status: 500,
    title: 'A webhook URL belongs to a retired Office 365 connector',
    todo: `Microsoft switched these connectors off in May 2026. Create a workflow in the channel, ... > ${WORKFLOW_AND_TRIGGER}, and use its URL.`,
  },
  webhook_invalid: {
    status: 500,
    title: 'A webhook URL can not be used',
    todo: 'Use the https URL that Teams shows, unchanged; for another host, add its suffix to TEAMS_WEBHOOK_HOST_SUFFIXES.',
  },
  // What the gateway depends on.
  database_unreachable: {
    status: 503,
    title: 'The database can not be reached',
    todo: 'Check DATABASE_URL and that PostgreSQL is up. Of a request that was answered with this, nothing was written: send it again.',
  },
  commit_unknown: {
    status: 503,
    title: 'The database was lost while it wrote, and whether it did is not known',
    todo: 'Send the event again with the same idempotency key: if it was written, the first answer is given again, and no second card is made. Without a key, or for anything but an event, look first whether it is there.',
  },
  database_not_migrated: {
    status: 503,
    title: 'The database schema is not the one this version needs',
    todo: 'Run "claimlinc-teams migrate up".',
  },
  data_dir_in_use: {
    status: 503,
    title: 'Another process uses this data folder',
    todo: 'Send through that gateway, or stop it, or set TEAMS_DATA_DIR to another folder; to share one store between processes, set DATABASE_URL.',
  },
  secrets_unreachable: {
    status: 503,
    title: 'Vault, or a file with secrets, can not be read',
    todo: 'Check the address, the login and the path that are named.',
  },
  port_in_use: {
    status: 503,
    title: 'The port is taken',
    todo: 'Stop the other program, or set TEAMS_HTTP_PORT to a free port.',
  },
  gateway_unreachable: {
    status: 503,
    title: 'The gateway does not answer',
    todo: 'Check the URL and that "claimlinc-teams serve" is running there. Where only the answer was lost, the event may be accepted: send it again with the same idempotency key.',
  },
  gateway_busy: {
    status: 503,
    title: 'The gateway has too much to do at the moment',
    todo: 'Nothing was done. Send it again after the seconds of Retry-After, and fewer at once.',
  },
  caller_gone: {
    status: 408,
    title: 'The caller hung up before it was answered',
    todo: 'Nothing was done. Send it again, and wait longer for the answer.',
  },
  gateway_stopped: {
    status: 503,
    title: 'The gateway is stopping',
    todo: 'Send the event to another replica, or again once it is back.',
  },
  // What should not happen.
  internal: {
    status: 500,
    title: 'The gateway failed',
    todo: 'Whether anything was written is not known: send an event again with the same idempotency key. Look up the instance of the answer in the log (request_id), and report it.',
  },
} as const satisfies Record<string, { status: number; title: string; todo: string }>

/** A stable error code, a key of {@link ERROR_CODES}. */
export type ErrorCode = keyof typeof ERROR_CODES
