import type { ErrorCode } from '../kernel/error-codes.ts'
import type { Scope } from '../settings/api-tokens.ts'

/** Kinds of requests. Each has its own limits (`limitWork`), so that many reads do not delay sends. */
export type Work = 'send' | 'read' | 'act' | 'change'

interface Operation {
  readonly method: 'GET' | 'POST' | 'OPTIONS'
  /** Path as Fastify takes it, `:id` for a parameter. */
  readonly path: string
  readonly summary: string
  readonly description?: string
  /** Scope that the caller needs; absent where no authentication is needed. */
  readonly scope?: Scope
  /** True where a signature over the body replaces the token. */
  readonly signable?: true
  /** Kind of work by which it is limited; absent where it costs next to nothing and is not. */
  readonly work?: Work
  /** Error codes besides {@link COMMON_CODES}, {@link WORK_CODES} and {@link AUTH_CODES}. */
  readonly codes: readonly ErrorCode[]
}

/** All operations of the HTTP service. Routes, their authentication and limits, and OpenAPI are made from this table. */
export const OPERATIONS = {
  sendEvents: {
    method: 'POST',
    path: '/v1/events',
    summary: 'Send one event, or up to 1,000 at once',
    description:
      'Answered once the events are in the database. A list is accepted whole or refused whole. Takes plain JSON and CloudEvents 1.0 (structured, batch and binary); of a CloudEvent, type is the event type, id and source the idempotency key, subject the correlation id. In a signed request, webhook-id is the idempotency key of events that have none (x-hmac-signature covers no id), and a CloudEvent stands in the body as a whole, since the signature covers no headers. x-correlation-id of the answer names the correlation id when all events share one.',
    scope: 'send',
    work: 'send',
    signable: true,
    codes: [
      'invalid_json',
      'invalid_event',
      'idempotency_key_reused',
      'body_too_large',
      'too_many_events',
      'unsupported_media_type',
      'database_unreachable',
      'commit_unknown',
    ],
  },
  receiveAlerts: {
    method: 'POST',
    path: '/v1/inbound/alertmanager/:name',
    summary: 'Take a webhook of Alertmanager or Grafana',
    description:
      'The name is that of a source of the kind alertmanager in the configuration file; default works without any. A group of alerts is one subject: a card when it fires or gets worse, and one when it is resolved. A webhook that comes again gets the first answer again. Only a status of 5xx and 429 is worth another try.',
    scope: 'send',
    work: 'send',
    signable: true,
    codes: [
      'invalid_json',
      'invalid_alerts',
      'invalid_event',
      'not_found',
      'body_too_large',
      'unsupported_media_type',
      'database_unreachable',
      'commit_unknown',
    ],
  },
  allowWebhook: {
    method: 'OPTIONS',
    path: '/v1/events',
    summary: 'The handshake of CloudEvents webhooks: may this origin send events?',
    description:
      'Asked with webhook-request-origin, as Azure Event Grid does before it delivers. Always answered with yes and without a limit to the rate: each delivery needs its own token or signature. A webhook-request-callback is not called.',
    codes: ['method_not_allowed'],
  },
  listNotifications: {
    method: 'GET',
    path: '/v1/notifications',
    summary: 'List notifications, the newest first',
    scope: 'read',
    work: 'read',
    codes: ['database_unreachable'],
  },
  getNotification: {
    method: 'GET',
    path: '/v1/notifications/:id',
    summary: 'One notification, with its data, card, attempts and actions; the read is recorded in the audit trail',
    scope: 'read',
    work: 'read',
    codes: ['not_found', 'database_unreachable'],
  },
  replayNotification: {
    method: 'POST',
    path: '/v1/notifications/:id/replay',
    summary: 'Send a failed notification again',
    scope: 'act',
    work: 'change',
    codes: ['not_found', 'not_replayable', 'database_unreachable', 'commit_unknown'],
  },
  listChannels: {
    method: 'GET',
    path: '/v1/channels',
    summary: 'Channels: budget left, backlog, breaker, last outcome',
    scope: 'read',
    work: 'read',
    codes: ['database_unreachable'],
  },
  listSources: {
    method: 'GET',
    path: '/v1/sources',
    summary: 'Sources: whether each sees its system, since when not, which replica runs it, what is open',
    scope: 'read',
    work: 'read',
    codes: ['database_unreachable'],
  },
  reportHeartbeat: {
    method: 'POST',
    path: '/v1/heartbeats/:name',
    summary: 'Report the start, the success or the failure of a job that has to happen regularly',
    description:
      'The name is that of an entry of the section heartbeats of the configuration file. Without a query it is a success. The body, of any type, is the output of the job, in UTF-8; of a failure its last 3,000 characters are kept. A request that comes again with the same run_id changes nothing. A signature does not replace the token: it would cover neither the name nor the query.',
    scope: 'ping',
    work: 'send',
    codes: ['not_found', 'body_too_large', 'database_unreachable', 'commit_unknown'],
  },
  listHeartbeats: {
    method: 'GET',
    path: '/v1/heartbeats',
    summary: 'Heartbeats: how each stands, when its next success is due, what is open',
    scope: 'read',
    work: 'read',
    codes: ['database_unreachable'],
  },
  createSilence: {
    method: 'POST',
    path: '/v1/silences',
    summary: 'Make a silence or a maintenance window',
    description:
      'From its start to its end, events that all matchers match make no card: their notifications are kept as suppressed and name the silence. A silence that is active at once also suppresses matching notifications that wait already.',
    scope: 'act',
    work: 'change',
    codes: [
      'invalid_json',
      'invalid_silence',
      'body_too_large',
      'unsupported_media_type',
      'database_unreachable',
      'commit_unknown',
    ],
  },
  listSilences: {
    method: 'GET',
    path: '/v1/silences',
    summary: 'List silences and maintenance windows, the newest first',
    scope: 'read',
    work: 'read',
    codes: ['database_unreachable'],
  },
  getSilence: {
    method: 'GET',
    path: '/v1/silences/:id',
    summary: 'One silence, with how many notifications it suppressed',
    scope: 'read',
    work: 'read',
    codes: ['not_found', 'database_unreachable'],
  },
  endSilence: {
    method: 'POST',
    path: '/v1/silences/:id/end',
    summary: 'End a silence before its time; the notifications that it suppressed stay suppressed',
    scope: 'act',
    work: 'change',
    codes: ['not_found', 'silence_over', 'database_unreachable', 'commit_unknown'],
  },
  act: {
    method: 'POST',
    path: '/v1/actions',
    summary: 'Do an action, or be told why not',
    description:
      'Acknowledge, unacknowledge, escalate, discard, restore, replay, retry or poll. An answer of 200 or 202 says in "state" and "result" what came of it: also an action that was refused is recorded and answered so. A relay names the person that it acts for as "actor", and vouches for the identity with its credential. In a signed request, webhook-id is the idempotency key of an action that has none. The body may also be an ActionHandlerRequest (action, event_id, correlation_id, user_email, user_name, additional_data), which is answered as ActionHandlerResponse (success, message, updated_card, error). The card in the answer replaces the one acted upon: who did what, without buttons that act.',
    scope: 'act',
    work: 'act',
    signable: true,
    codes: [
      'invalid_json',
      'invalid_action',
      'not_found',
      'several_events',
      'action_key_reused',
      'body_too_large',
      'unsupported_media_type',
      'database_unreachable',
      'commit_unknown',
    ],
  },
  listActions: {
    method: 'GET',
    path: '/v1/actions',
    summary: 'List actions, the newest first',
    scope: 'read',
    work: 'read',
    codes: ['database_unreachable'],
  },
  getAction: {
    method: 'GET',
    path: '/v1/actions/:id',
    summary: 'One action',
    scope: 'read',
    work: 'read',
    codes: ['not_found', 'database_unreachable'],
  },
  listEscalations: {
    method: 'GET',
    path: '/v1/escalations',
    summary: 'List escalations, the next one due first: who is called next, and when',
    scope: 'read',
    work: 'read',
    codes: ['database_unreachable'],
  },
  listArchive: {
    method: 'GET',
    path: '/v1/archive',
    summary: 'List archived records, the newest first, without their contents',
    scope: 'read',
    work: 'read',
    codes: ['database_unreachable'],
  },
  getArchived: {
    method: 'GET',
    path: '/v1/archive/:id',
    summary: 'One archived record, decrypted',
    description: 'The content may have patient data. The audit trail records who read it.',
    scope: 'admin',
    work: 'read',
    codes: ['not_found', 'archive_key_missing', 'archive_damaged', 'database_unreachable'],
  },
  rewrapArchive: {
    method: 'POST',
    path: '/v1/archive-keys/rewrap',
    summary: 'Wrap the data keys of the next 500 archived records with the newest archive key',
    description: 'Call it again with the next_cursor of the answer, until that is null. Contents stay as they are.',
    scope: 'admin',
    work: 'change',
    codes: ['invalid_settings', 'database_unreachable', 'commit_unknown'],
  },
  getStats: {
    method: 'GET',
    path: '/v1/stats',
    summary: 'Figures of a period: delivery rate, latency, acknowledgements; the last 24 hours if none is named',
    scope: 'read',
    work: 'read',
    codes: ['database_unreachable'],
  },
  listAuditEntries: {
    method: 'GET',
    path: '/v1/audit/entries',
    summary: 'Entries of the audit trail, in the order of their trees',
    description:
      'Each entry comes as JSON and as the exact bytes whose hash is a leaf of the tree, so that a verifier can compute the tree itself; raw=true leaves the JSON out and allows longer pages. Entries that are not sealed yet come last. With unsealed=false, the pages have every entry that is sealed until the last page, once.',
    scope: 'read',
    work: 'read',
    codes: ['not_found', 'database_unreachable'],
  },
  getAuditCheckpoint: {
    method: 'GET',
    path: '/v1/audit/checkpoint',
    summary: 'The newest signed checkpoint of the audit trail (c2sp.org/tlog-checkpoint)',
    description: 'Write it down outside of this system: every later tree has to begin with the tree that it names.',
    scope: 'read',
    work: 'read',
    codes: ['not_found', 'audit_not_signed', 'database_unreachable'],
  },
  getAuditProof: {
    method: 'GET',
    path: '/v1/audit/proof/:index',
    summary: 'The proof that an entry is in the newest signed checkpoint (c2sp.org/tlog-proof)',
    description: "It can be checked offline, with the entry's bytes and the verifier key.",
    scope: 'read',
    work: 'read',
    codes: ['not_found', 'audit_not_signed', 'audit_not_intact', 'database_unreachable'],
  },
  getMetrics: {
    method: 'GET',
    path: '/metrics',
    summary: "Metrics in Prometheus' text format",
    description:
      'Needs the scope read once tokens are set; Prometheus sends one with "authorization: credentials_file". Answers while the database is away, too: teams_database_up is 0 then.',
    scope: 'read',
    codes: [],
  },
  getHealth: { method: 'GET', path: '/healthz', summary: 'The process is alive', codes: [] },
  getReadiness: {
    method: 'GET',
    path: '/readyz',
    summary: 'Database and engine can be reached: 200, or 503 with the checks that fail',
    codes: [],
  },
  getOpenApi: { method: 'GET', path: '/openapi.json', summary: 'This document', codes: [] },
  getIndex: { method: 'GET', path: '/', summary: 'What this is, and where to look', codes: [] },
} as const satisfies Record<string, Operation>

/** The name of an operation, a key of {@link OPERATIONS}. */
export type OperationId = keyof typeof OPERATIONS

/** One operation, typed with its optional fields. */
export function operation(id: OperationId): Operation {
  return OPERATIONS[id]
}

/** Error codes of every operation. */
export const COMMON_CODES = [
  'invalid_request',
  'cross_site',
  'internal',
  'gateway_stopped',
] as const satisfies ErrorCode[]

/** Further error codes of operations with `work`. */
export const WORK_CODES = ['gateway_busy', 'caller_gone'] as const satisfies ErrorCode[]

/** Further error codes of operations with a `scope`. */
export const AUTH_CODES = ['unauthenticated', 'forbidden'] as const satisfies ErrorCode[]
