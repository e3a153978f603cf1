import { builtInCatalogue } from '../../src/catalogue/built-in.ts'
import { parsePriority } from '../../src/catalogue/priority.ts'
import type { ActionAnswer, ActionName, Actor, UncheckedAction } from '../../src/contract/actions.ts'
import type { ArchivedView } from '../../src/contract/archive.ts'
import type { AuditEntryView } from '../../src/contract/audit.ts'
import type { ChannelView } from '../../src/contract/channels.ts'
import type { Acceptance, UncheckedEvent } from '../../src/contract/events.ts'
import type { Check } from '../../src/contract/health.ts'
import type { HeartbeatView } from '../../src/contract/heartbeats.ts'
import type { NotificationDetail, NotificationView } from '../../src/contract/notifications.ts'
import type { GatewayService } from '../../src/contract/service.ts'
import type { Silence, SilenceView } from '../../src/contract/silences.ts'
import { checkSilence } from '../../src/intake/silences/check-silence.ts'
import { occurrenceAt, stateAt } from '../../src/intake/silences/times.ts'
import { describeValue, GatewayError, type Problem } from '../../src/kernel/errors.ts'
import { newId } from '../../src/kernel/ids.ts'
import { isObject } from '../../src/kernel/json.ts'
import { readWebhook } from '../../src/sources/alertmanager/webhook.ts'

const HEARTBEAT: HeartbeatView = {
  name: 'nightly_backup',
  title: 'Nightly backup',
  status: 'ok',
  schedule: '30 1 * * * (Asia/Riyadh)',
  dueAt: new Date('2026-11-30T22:30:00Z'),
  latestAt: new Date('2026-11-30T23:00:00Z'),
  seenAt: new Date('2026-11-29T22:41:00Z'),
  succeededAt: new Date('2026-11-29T22:41:00Z'),
  failedAt: null,
  startedAt: null,
  durationSeconds: 660,
  exitCode: 0,
  open: [],
  openSince: null,
}

/** A GatewayService for tests of HTTP: keeps events and silences in memory. Every event goes to one channel. */
export interface MemoryService extends GatewayService {
  /** Accepted events, with their callers. */
  readonly taken: { readonly event: UncheckedEvent; readonly origin: string }[]
  /** Who read which notification. */
  readonly reads: { readonly id: string; readonly by: string }[]
  /** Who replayed which notification. */
  readonly replays: { readonly id: string; readonly by: string }[]
  /** Actions that were asked for, with their actors. */
  readonly acts: { readonly action: UncheckedAction; readonly actor: Actor }[]
  /** What the answers to actions differ in from one that was done. */
  answer: Partial<ActionAnswer>
  /** Silences as they are kept, by id. */
  readonly silences: Map<string, Silence>
  /** Entries of the audit trail, in the order of the tree. */
  readonly auditEntries: AuditEntryView[]
  /** The signed checkpoint; undefined where none is signed. */
  checkpoint: string | undefined
  /** Puts a notification into a state. */
  setState(id: string, state: NotificationView['state']): void
  /** What `readiness` answers. */
  checks: readonly Check[]
  /** Runs before each acceptance; throw to make it fail, wait to hold it. */
  beforeAccept: () => Promise<void>
}

export const CHANNEL: ChannelView = {
  key: 'sre',
  name: '#sre-alerts',
  configured: true,
  muted: false,
  reason: null,
  oldestWaitingAt: null,
  budgetLeft: 10,
  budget: { requests: 60, period: 60, burst: 10 },
  backlog: { CRITICAL: 0, HIGH: 0, MEDIUM: 0, LOW: 0, INFO: 0 },
  breaker: 'closed',
  restsUntil: null,
  lastOutcome: null,
  lastOutcomeAt: null,
}

/** The one record of its archive. */
const ARCHIVED: ArchivedView = {
  id: newId(),
  kind: 'celery.message',
  source: 'tasks',
  subject: 't-1',
  eventId: newId(),
  actionId: newId(),
  about: { queue: 'claims' },
  state: 'kept',
  keyId: '1a2b3c4d',
  size: 2,
  archivedAt: new Date('2026-11-30T10:00:00Z'),
  restoredAt: null,
}

export function createMemoryService(): MemoryService {
  const details = new Map<string, NotificationDetail>()
  const byKey = new Map<string, Acceptance>()
  const performed = new Map<string, ActionAnswer>()
  const find = (id: string): NotificationDetail => {
    const found = details.get(id)
    if (found) return found
    throw new GatewayError('not_found', [{ at: 'id', found: 'an id of nothing', expected: 'id of a notification' }])
  }
  const catalogue = builtInCatalogue({ language: 'en', budget: { requests: 60, period: 60, burst: 10 } })
  const findSilence = (id: string): Silence => {
    const found = service.silences.get(id)
    if (found) return found
    throw new GatewayError('not_found', [{ at: 'id', found: 'an id of nothing', expected: 'id of a silence' }])
  }
  const service: MemoryService = {
    taken: [],
    silences: new Map(),
    auditEntries: [],
    checkpoint: undefined,
    replays: [],
    reads: [],
    acts: [],
    answer: {},
    checks: [{ name: 'database', ok: true, detail: 'memory' }],
    beforeAccept: async () => {},
    setState(id, state) {
      details.set(id, { ...find(id), state })
    },
    async accept(events, origin) {
      await service.beforeAccept()
      const problems = events.flatMap(problemsOf)
      if (problems.length > 0) throw new GatewayError('invalid_event', problems)
      return events.map((event) => {
        const key = event.idempotencyKey
        const first = typeof key === 'string' ? byKey.get(key) : undefined
        if (first) return { ...first, duplicate: true }
        service.taken.push({ event, origin })
        const detail = detailOf(event)
        details.set(detail.id, detail)
        const { eventId, correlationId, id, channel, state } = detail
        const acceptance = { eventId, correlationId, duplicate: false, notifications: [{ id, channel, state }] }
        if (typeof key === 'string') byKey.set(key, acceptance)
        return acceptance
      })
    },
    async receiveAlerts(name, body, origin) {
      if (name !== 'default')
        throw new GatewayError('not_found', [{ at: 'name', found: 'a name', expected: 'default' }])
      const { groupKey } = readWebhook(body)
      const data = { component: 'alertmanager', summary: groupKey }
      return service.accept([{ eventType: 'prometheus.alert.firing', data }], origin)
    },
    async listNotifications(query) {
      const start = query.cursor === undefined ? 0 : Number(query.cursor)
      if (!Number.isInteger(start))
        throw new GatewayError('invalid_request', [
          { at: 'cursor', found: 'something else', expected: 'next_cursor of the page before' },
        ])
      const all = [...details.values()]
        .reverse()
        .filter(
          (n) =>
            (query.correlationId ?? n.correlationId) === n.correlationId &&
            (query.eventType ?? n.eventType) === n.eventType &&
            (query.priority ?? n.priority) === n.priority &&
            (query.state ?? n.state) === n.state &&
            (query.channel ?? n.channel) === n.channel &&
            (query.digestId ?? n.digestId) === n.digestId &&
            (query.since ?? n.createdAt) <= n.createdAt &&
            (query.until === undefined || n.createdAt < query.until),
        )
      const end = start + query.limit
      return { notifications: all.slice(start, end), nextCursor: end < all.length ? String(end) : null }
    },
    async getNotification(id, by) {
      service.reads.push({ id, by })
      return find(id)
    },
    getNotificationViews: async (ids) => ids.map(find),
    async replayNotification(id, by) {
      if (find(id).state !== 'failed') throw new GatewayError('not_replayable')
      service.replays.push({ id, by })
      service.setState(id, 'pending')
      return find(id)
    },
    async act(action, actor) {
      const given = typeof action.notificationId === 'string' ? find(action.notificationId) : undefined
      const view =
        given ??
        [...details.values()].find(
          ({ eventId, correlationId }) => eventId === action.eventId || correlationId === action.correlationId,
        )
      if (view === undefined) throw new GatewayError('not_found')
      service.acts.push({ action, actor })
      const {
        card: _card,
        data: _data,
        attempts: _attempts,
        actions: _actions,
        pagerAlerts: _pagerAlerts,
        repeatCount: _count,
        lastRepeatAt: _last,
        resolvedAt: _at,
        resolvedBy: _by,
        ...notification
      } = view
      const answer = { ...actionOf(notification, action, actor), ...service.answer }
      performed.set(answer.id, answer)
      return answer
    },
    async getAction(id) {
      const found = performed.get(id)
      if (found) return found
      throw new GatewayError('not_found', [{ at: 'id', found: 'an id of nothing', expected: 'id of an action' }])
    },
    listSources: async () => [
      {
        name: 'claims_db',
        kind: 'postgres',
        runBy: 'gateway-1:4711',
        seenAt: new Date('2026-11-30T10:00:00Z'),
        unseenSince: null,
        blindSince: null,
        code: null,
        open: [{ finding: 'slot', subject: 'reporting', since: new Date('2026-11-30T09:00:00Z') }],
        more: 0,
      },
    ],
    reportHeartbeat: async (name, { signal }) => ({
      ...HEARTBEAT,
      name,
      status: signal === 'failure' ? 'failed' : 'ok',
    }),
    listHeartbeats: async () => [HEARTBEAT],
    listEscalations: async () => ({ escalations: [], nextCursor: null }),
    listArchive: async () => ({ records: [ARCHIVED], nextCursor: null }),
    getArchived: async (id) => {
      if (id === ARCHIVED.id) return { ...ARCHIVED, content: 'e30=' }
      throw new GatewayError('not_found', [{ at: 'id', found: 'an id of nothing', expected: 'id of a record' }])
    },
    rewrapArchive: async () => ({ rewrapped: 0, withoutKey: 0, damaged: [], nextCursor: null }),
    stats: async (period) => ({
      ...period,
      deliveryRate: null,
      delivered: 0,
      failed: 0,
      waiting: 0,
      attempts: 0,
      retryRate: null,
      latency: { p50: null, p95: null, p99: null },
      acknowledgements: [],
      stakeholders: [],
      unacknowledgedCritical: 0,
    }),
    listActions: async ({ limit }) => ({ actions: [...performed.values()].slice(0, limit), nextCursor: null }),
    getActionPage: async () => {
      throw new GatewayError('not_found')
    },
    listChannels: async () => [CHANNEL],
    async createSilence(unchecked, by) {
      const now = new Date()
      const checked = checkSilence(unchecked, catalogue, now)
      const silence = { ...checked, id: newId(), createdBy: by, createdAt: now, endedBy: null, endedAt: null }
      service.silences.set(silence.id, silence)
      return { ...viewOf(silence), keptBack: 3 }
    },
    async listSilences({ state, kind, limit, cursor }) {
      const all = [...service.silences.values()]
        .map(viewOf)
        .toReversed()
        .filter((one) => (state ?? one.state) === one.state && (kind ?? one.kind) === one.kind)
        .filter((one) => cursor === undefined || one.id < cursor)
      const silences = all.slice(0, limit)
      return { silences, nextCursor: all.length > limit ? (silences.at(-1)?.id ?? null) : null }
    },
    getSilence: async (id) => ({ ...viewOf(findSilence(id)), keptBack: 3 }),
    async endSilence(id, by) {
      const silence = findSilence(id)
      if (viewOf(silence).state === 'over') throw new GatewayError('silence_over')
      service.silences.set(id, { ...silence, endedBy: by, endedAt: new Date() })
      return viewOf(findSilence(id))
    },
    async listAuditEntries({ from = 0, limit, raw, kind }) {
      const all = service.auditEntries
        .slice(from)
        .filter(({ entry }) => kind === undefined || entry?.kind === kind)
        .map((entry) => (raw ? { ...entry, entry: null } : entry))
      return { entries: all.slice(0, limit), nextCursor: all.length > limit ? '1.1' : null }
    },
    async auditCheckpoint() {
      if (service.checkpoint === undefined) throw new GatewayError('audit_not_signed')
      return service.checkpoint
    },
    async auditProof(index) {
      const checkpoint = await service.auditCheckpoint()
      if (index < service.auditEntries.length) return `c2sp.org/tlog-proof@v1\nindex ${index}\n\n${checkpoint}`
      throw new GatewayError('not_found', [{ at: 'index', found: 'another', expected: 'an index of the tree' }])
    },
    readiness: async () => service.checks,
    metrics: async () => ({ contentType: 'text/plain; version=0.0.4; charset=utf-8', body: 'up 1\n' }),
  }
  return service
}

function viewOf(silence: Silence): SilenceView {
  const now = new Date()
  return { ...silence, state: stateAt(silence, now), occurrence: occurrenceAt(silence, now) ?? null }
}

function problemsOf(event: UncheckedEvent, index: number): Problem[] {
  const problems: Problem[] = []
  const report = (at: string, value: unknown, expected: string) =>
    problems.push({ at: `events[${index}].${at}`, found: describeValue(value), expected })
  if (typeof event.eventType !== 'string') report('eventType', event.eventType, 'an event type')
  if (!isObject(event.data)) report('data', event.data, 'an object')
  else if ('claim_id' in event.data && typeof event.data.claim_id !== 'string')
    report('data.claim_id', event.data.claim_id, 'text or a number')
  for (const field of ['correlationId', 'occurredAt', 'idempotencyKey'] as const)
    if (event[field] !== undefined && (typeof event[field] !== 'string' || event[field] === ''))
      report(field, event[field], 'some text')
  return problems
}

function detailOf(event: UncheckedEvent): NotificationDetail {
  const eventId = newId()
  const now = new Date()
  return {
    id: newId(),
    eventId,
    correlationId: typeof event.correlationId === 'string' ? event.correlationId : `evt-${eventId}`,
    eventType: String(event.eventType),
    priority: (typeof event.priority === 'string' && parsePriority(event.priority)) || 'INFO',
    stakeholders: ['sre'],
    channel: 'sre',
    state: 'pending',
    reason: null,
    language: event.language === 'ar' ? 'ar' : 'en',
    webhookUrl: null,
    statusCode: null,
    retryCount: 0,
    errorMessage: null,
    createdAt: now,
    sentAt: null,
    acceptedAt: null,
    nextAttemptAt: now,
    acknowledgedBy: null,
    acknowledgedAt: null,
    actionTaken: null,
    digestId: null,
    silenceId: null,
    repeatOf: null,
    repeatCount: 0,
    lastRepeatAt: null,
    resolvedAt: null,
    resolvedBy: null,
    card: null,
    data: JSON.parse(JSON.stringify(event.data)),
    attempts: [
      {
        attempt: 1,
        startedAt: now,
        finishedAt: now,
        outcome: 'server_error',
        statusCode: 500,
        errorCode: null,
        message: null,
        repeat: false,
      },
    ],
    actions: [{ action: 'acknowledge', by: 'someone', at: now, data: null }],
    pagerAlerts: [],
  }
}

function actionOf(notification: NotificationView, action: UncheckedAction, actor: Actor): ActionAnswer {
  const { eventId, correlationId, eventType, priority } = notification
  return {
    id: newId(),
    action: action.action as ActionName,
    state: 'done',
    result: null,
    eventId,
    notificationId: notification.id,
    correlationId,
    eventType,
    priority,
    by: actor.name ?? actor.id ?? actor.via,
    via: actor.via,
    verified: actor.verified,
    reason: typeof action.reason === 'string' ? action.reason : null,
    note: null,
    tier: null,
    quietUntil: null,
    data: null,
    events: 1,
    requestedAt: new Date(),
    finishedAt: new Date(),
    notification,
    card: { type: 'AdaptiveCard', version: '1.5', body: [] },
  }
}
