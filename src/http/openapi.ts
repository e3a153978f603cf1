import { z } from 'zod'
import { actionPageWire, actionQuery, actionWire } from '../contract/actions.ts'
import {
  actionAnswerWire,
  actionHandlerRequest,
  actionHandlerResponse,
  newAction,
} from '../contract/actions-request.ts'
import { alertmanagerWebhook } from '../contract/alerts.ts'
import {
  archivedDetailWire,
  archivedWire,
  archivePageWire,
  archiveQuery,
  rewrapQuery,
  rewrapStepWire,
} from '../contract/archive.ts'
import { auditEntryPageWire, auditEntryQuery, auditEntryWire, auditTreeQuery } from '../contract/audit.ts'
import { channelsWire, channelWire } from '../contract/channels.ts'
import { cloudEvent } from '../contract/cloudevents.ts'
import { escalationPageWire, escalationQuery, escalationWire } from '../contract/escalations.ts'
import { acceptancesWire, acceptanceWire } from '../contract/events.ts'
import { healthWire, indexWire, readinessWire } from '../contract/health.ts'
import { heartbeatsWire, heartbeatWire, pingQuery } from '../contract/heartbeats.ts'
import { MAX_EVENTS } from '../contract/limits.ts'
import { notificationQuery } from '../contract/notification-query.ts'
import {
  attemptWire,
  notificationDetailWire,
  notificationPageWire,
  notificationWire,
} from '../contract/notifications.ts'
import { PROBLEM_MEDIA_TYPE, problemBody, problemWire } from '../contract/problem.ts'
import { newSilence, silenceDetailWire, silencePageWire, silenceQuery, silenceWire } from '../contract/silences.ts'
import { sourcesWire, sourceWire } from '../contract/sources.ts'
import { statsQuery, statsWire } from '../contract/stats.ts'
import { ERROR_CODES, type ErrorCode } from '../kernel/error-codes.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import { asJson, type EventTypeForDocs, eventSchemas, jsonSchema, REF, refTo } from './openapi-events.ts'
import { AUTH_CODES, COMMON_CODES, OPERATIONS, type OperationId, operation, WORK_CODES } from './operations.ts'

/** Schemas of requests and answers by their name in OpenAPI. */
const WIRE = {
  Acceptance: acceptanceWire,
  Acceptances: acceptancesWire,
  Action: actionWire,
  ActionAnswer: actionAnswerWire,
  ActionHandlerRequest: actionHandlerRequest,
  ActionHandlerResponse: actionHandlerResponse,
  ActionPage: actionPageWire,
  AlertmanagerWebhook: alertmanagerWebhook,
  Escalation: escalationWire,
  Source: sourceWire,
  Sources: sourcesWire,
  EscalationPage: escalationPageWire,
  ArchivedRecord: archivedWire,
  ArchivedDetail: archivedDetailWire,
  ArchivePage: archivePageWire,
  Attempt: attemptWire,
  AuditEntry: auditEntryWire,
  AuditEntryPage: auditEntryPageWire,
  Channel: channelWire,
  Channels: channelsWire,
  CloudEvent: cloudEvent,
  Health: healthWire,
  Heartbeat: heartbeatWire,
  Heartbeats: heartbeatsWire,
  Index: indexWire,
  NewAction: newAction,
  NewSilence: newSilence,
  Notification: notificationWire,
  NotificationDetail: notificationDetailWire,
  NotificationPage: notificationPageWire,
  Problem: problemWire,
  Readiness: readinessWire,
  RewrapStep: rewrapStepWire,
  Silence: silenceWire,
  SilenceDetail: silenceDetailWire,
  SilencePage: silencePageWire,
  Stats: statsWire,
} as const

/** Status, description and schema of each operation's successful answer. */
const ANSWERS = {
  sendEvents: ['202', 'The events are in the database, each with its notifications.', 'Acceptances'],
  receiveAlerts: [
    '202',
    'The event is in the database, with its notifications; none for an alert that must keep firing.',
    'Acceptances',
  ],
  allowWebhook: ['200', 'The origin may send events: webhook-allowed-origin, webhook-allowed-rate.', undefined],
  listNotifications: ['200', 'A page of notifications.', 'NotificationPage'],
  getNotification: ['200', 'The notification.', 'NotificationDetail'],
  replayNotification: ['200', 'The notification, which waits again.', 'Notification'],
  listChannels: ['200', 'The channels.', 'Channels'],
  createSilence: ['201', 'The silence, with how many waiting notifications it suppressed at once.', 'SilenceDetail'],
  listSilences: ['200', 'A page of silences.', 'SilencePage'],
  getSilence: ['200', 'The silence.', 'SilenceDetail'],
  endSilence: ['200', 'The silence, which is over.', 'Silence'],
  act: ['200', 'The action, with what came of it.', 'ActionAnswer'],
  listActions: ['200', 'A page of actions.', 'ActionPage'],
  getAction: ['200', 'The action.', 'Action'],
  listSources: ['200', 'All sources that are watched.', 'Sources'],
  reportHeartbeat: ['200', 'The heartbeat, with the report.', 'Heartbeat'],
  listHeartbeats: ['200', 'All heartbeats.', 'Heartbeats'],
  listEscalations: ['200', 'A page of escalations.', 'EscalationPage'],
  getStats: ['200', 'The figures.', 'Stats'],
  listArchive: ['200', 'A page of archived records.', 'ArchivePage'],
  getArchived: ['200', 'The record, decrypted.', 'ArchivedDetail'],
  rewrapArchive: ['200', 'What this step did.', 'RewrapStep'],
  listAuditEntries: ['200', 'A page of entries.', 'AuditEntryPage'],
  getAuditCheckpoint: ['200', 'The signed note, as it was signed.', undefined],
  getAuditProof: ['200', 'The proof file.', undefined],
  getMetrics: ['200', 'The metrics.', undefined],
  getHealth: ['200', 'The process is alive.', 'Health'],
  getReadiness: ['200', 'Ready.', 'Readiness'],
  getOpenApi: ['200', 'This document.', undefined],
  getIndex: ['200', 'What this is.', 'Index'],
} as const satisfies { [O in OperationId]: readonly [string, string, keyof typeof WIRE | undefined] }

/** The parameters of the operations that have a query. */
const QUERIES: { readonly [O in OperationId]?: z.ZodObject } = {
  listNotifications: notificationQuery,
  listSilences: silenceQuery,
  listActions: actionQuery,
  listEscalations: escalationQuery,
  reportHeartbeat: pingQuery,
  getStats: statsQuery,
  listArchive: archiveQuery,
  rewrapArchive: rewrapQuery,
  listAuditEntries: auditEntryQuery,
  getAuditCheckpoint: auditTreeQuery,
  getAuditProof: auditTreeQuery,
}

/** Input of {@link openApiDocument}. */
export interface OpenApiOptions {
  readonly version: string
  readonly eventTypes: readonly EventTypeForDocs[]
  readonly aliases?: ReadonlyMap<string, string>
}

/**
 * The OpenAPI 3.1 document of the HTTP service, made from the same schemas that check requests and encode answers.
 * Rejected: `@fastify/swagger`, which needs schemas on the routes, with which Fastify would check and write JSON a
 * second time.
 */
export function openApiDocument({ version, eventTypes, aliases }: OpenApiOptions): JsonObject {
  return {
    openapi: '3.1.1',
    info: {
      title: 'claimlinc-teams',
      version,
      summary: 'Platform events as Adaptive Cards in the right Microsoft Teams channels, with nothing lost',
      description:
        'JSON is snake_case and times are RFC 3339 in UTC. Every error is application/problem+json (RFC 9457) with a stable code. Without a configured token the service listens on this machine only and asks for no credentials.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths: paths(),
    components: {
      schemas: { ...wireSchemas(), ...eventSchemas(eventTypes, aliases ?? new Map()) },
      examples: Object.fromEntries(
        (Object.keys(ERROR_CODES) as ErrorCode[]).map((code) => [
          code,
          { summary: ERROR_CODES[code].title, value: asJson(problemBody(new GatewayError(code), undefined)) },
        ]),
      ),
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description:
            'A token of TEAMS_API_TOKENS. Its scopes: send, ping, read, act; send includes ping, and admin is all of them.',
        },
        basic: {
          type: 'http',
          scheme: 'basic',
          description: 'The same token as the password of any user, for senders that know no bearer token.',
        },
        webhookSignature: {
          type: 'apiKey',
          in: 'header',
          name: 'webhook-signature',
          description:
            'Standard Webhooks: webhook-id, webhook-timestamp (at most 5 minutes off) and webhook-signature, with a secret of TEAMS_INBOUND_SECRETS. svix-id, svix-timestamp and svix-signature are understood too.',
        },
        hmacSignature: {
          type: 'apiKey',
          in: 'header',
          name: 'x-hmac-signature',
          description:
            'Hex of the HMAC-SHA256 of the body, with a secret of TEAMS_INBOUND_SECRETS as text. It covers neither a time nor an id: a request that was intercepted can be sent again.',
        },
      },
    },
  }
}

function wireSchemas(): JsonObject {
  const registry = z.registry<{ id: string }>()
  for (const [id, schema] of Object.entries(WIRE)) registry.add(schema, { id })
  const { schemas } = z.toJSONSchema(registry, { io: 'input', unrepresentable: 'any', uri: (id) => REF + id })
  return Object.fromEntries(Object.entries(schemas).map(([id, { $id, $schema, ...schema }]) => [id, asJson(schema)]))
}

function paths(): JsonObject {
  const all: Record<string, Record<string, JsonObject>> = {}
  for (const id of Object.keys(OPERATIONS) as OperationId[]) {
    const { method, path } = operation(id)
    const template = path.replace(/:(\w+)/g, '{$1}')
    all[template] = { ...all[template], [method.toLowerCase()]: describe(id) }
  }
  return all
}

function describe(id: OperationId): JsonObject {
  const { summary, description, scope, signable, work, path, codes } = operation(id)
  const query = QUERIES[id]
  const body = bodyOf(id)
  const inPath = PATH_PARAMETERS.filter(({ name }) => path.includes(`:${name}`))
  const parameters = [...inPath, ...(query ? filters(query) : [])]
  const [status, answerDescription, schema] = ANSWERS[id]
  const type = TEXT_ANSWERS.has(id) ? 'text/plain' : 'application/json'
  const all: ErrorCode[] = [...codes, ...(work ? WORK_CODES : []), ...(scope ? AUTH_CODES : []), ...COMMON_CODES]
  return {
    operationId: id,
    summary,
    ...(description ? { description } : {}),
    ...(scope
      ? {
          'x-scope': scope,
          security: [
            { bearer: [] },
            ...(id === 'receiveAlerts' ? [{ basic: [] }] : []),
            ...(signable ? [{ webhookSignature: [] }, { hmacSignature: [] }] : []),
            {},
          ],
        }
      : { security: [] }),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body ? { requestBody: body } : {}),
    responses: {
      [status]: {
        description: answerDescription,
        ...(id === 'sendEvents' ? { headers: { 'x-correlation-id': { schema: { type: 'string' } } } } : {}),
        ...(id === 'allowWebhook'
          ? {}
          : {
              content: {
                [type]: { schema: answerSchema(id, schema, type) },
              },
            }),
      },
      ...(id === 'act'
        ? {
            '202': {
              description: 'The action is recorded, and done later.',
              content: { [type]: { schema: answerSchema(id, schema, type) } },
            },
          }
        : {}),
      ...problems(all, OTHER_ERRORS[id] ?? {}),
    },
  }
}

function answerSchema(id: OperationId, schema: keyof typeof WIRE | undefined, type: string): JsonObject {
  if (id === 'act') return { anyOf: [refTo('ActionAnswer'), refTo('ActionHandlerResponse')] }
  return schema ? refTo(schema) : { type: type === 'text/plain' ? 'string' : 'object' }
}

/** Schemas of errors that are no problems, by status. An ActionHandlerRequest is refused in its own form. */
const OTHER_ERRORS: { readonly [I in OperationId]?: Readonly<Record<number, string>> } = {
  getReadiness: { 503: 'Readiness' },
  act: { 404: 'ActionHandlerResponse', 409: 'ActionHandlerResponse', 422: 'ActionHandlerResponse' },
}

/** One response per status. Codes with the same status become examples, the only way in OpenAPI to list them apart. */
function problems(codes: readonly ErrorCode[], others: Readonly<Record<number, string>>): JsonObject {
  const byStatus = new Map<number, ErrorCode[]>()
  for (const code of codes)
    byStatus.set(ERROR_CODES[code].status, [...(byStatus.get(ERROR_CODES[code].status) ?? []), code])
  return Object.fromEntries(
    [...byStatus].map(([status, ofStatus]) => [
      String(status),
      {
        description: ofStatus.map((code) => `${ERROR_CODES[code].title} (${code}).`).join(' '),
        content: {
          [PROBLEM_MEDIA_TYPE]: {
            schema: refTo('Problem'),
            examples: Object.fromEntries(ofStatus.map((code) => [code, { $ref: `#/components/examples/${code}` }])),
          },
          ...(others[status] === undefined ? {} : { 'application/json': { schema: refTo(others[status]) } }),
        },
      },
    ]),
  )
}

const PATH_PARAMETERS = [
  { name: 'id', in: 'path', required: true, schema: { type: 'string', format: 'uuid' } },
  { name: 'name', in: 'path', required: true, schema: { type: 'string' } },
  { name: 'index', in: 'path', required: true, schema: { type: 'integer', minimum: 0 } },
] as const

const TEXT_ANSWERS: ReadonlySet<OperationId> = new Set(['getMetrics', 'getAuditCheckpoint', 'getAuditProof'])

function filters(query: z.ZodObject): JsonObject[] {
  const { properties } = jsonSchema(query)
  return Object.entries(properties as Record<string, JsonObject>).map(([name, schema]) => ({
    name,
    in: 'query',
    schema,
  }))
}

function bodyOf(id: OperationId): JsonObject | undefined {
  if (id === 'sendEvents') return eventsBody()
  if (id === 'act')
    return {
      required: true,
      content: { 'application/json': { schema: { anyOf: [refTo('NewAction'), refTo('ActionHandlerRequest')] } } },
    }
  if (id === 'receiveAlerts')
    return { required: true, content: { 'application/json': { schema: refTo('AlertmanagerWebhook') } } }
  if (id === 'reportHeartbeat')
    return { required: false, content: { 'text/plain': { schema: { type: 'string' } }, '*/*': { schema: {} } } }
  if (id !== 'createSilence') return undefined
  return { required: true, content: { 'application/json': { schema: refTo('NewSilence') } } }
}

function eventsBody(): JsonObject {
  const list = (item: string) => ({ type: 'array', items: refTo(item), minItems: 1, maxItems: MAX_EVENTS })
  return {
    required: true,
    content: {
      'application/json': { schema: { oneOf: [refTo('Event'), list('Event')] } },
      'application/cloudevents+json': { schema: refTo('CloudEvent') },
      'application/cloudevents-batch+json': { schema: list('CloudEvent') },
    },
  }
}
