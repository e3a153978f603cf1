import { expect, it } from 'vitest'
import { z } from 'zod'
import { type ChannelView, channelWire } from './channels.ts'
import { type Acceptance, acceptanceWire, EVENT_FIELDS, eventFromWire, eventToWire } from './events.ts'
import { camelName, snakeName } from './json-names.ts'
import {
  type NotificationDetail,
  type NotificationView,
  notificationDetailWire,
  notificationWire,
} from './notifications.ts'

const at = new Date('2026-11-21T10:00:00.123Z')

const detail: NotificationDetail = {
  id: 'n1',
  eventId: 'e1',
  correlationId: 'c1',
  eventType: 'vault.seal.detected',
  priority: 'CRITICAL',
  stakeholders: ['sre'],
  channel: 'sre',
  state: 'failed',
  reason: 'bad_request',
  language: 'en',
  webhookUrl: null,
  statusCode: 400,
  retryCount: 0,
  errorMessage: null,
  createdAt: at,
  sentAt: null,
  acceptedAt: null,
  nextAttemptAt: null,
  acknowledgedBy: null,
  acknowledgedAt: null,
  actionTaken: null,
  digestId: null,
  silenceId: 's1',
  repeatOf: null,
  repeatCount: 2,
  lastRepeatAt: at,
  resolvedAt: null,
  resolvedBy: null,
  card: { bodyParts: [{ some_key: 1 }] },
  data: { cluster_id: 'x', camelKey: { snake_key: 1 } },
  attempts: [
    {
      attempt: 1,
      startedAt: at,
      finishedAt: at,
      outcome: 'bad_request',
      statusCode: 400,
      errorCode: null,
      message: null,
      repeat: false,
    },
  ],
  actions: [{ action: 'acknowledge', by: 'a', at, data: { someKey: [1] } }],
  pagerAlerts: [
    {
      id: 'g',
      eventId: 'e',
      pager: 'oncall',
      tier: 2,
      state: 'acknowledged',
      wanted: 'trigger',
      told: 'trigger',
      code: null,
      statusCode: 202,
      foldedInto: null,
      acceptedAt: at,
      openedAt: at,
      acknowledgedAt: at,
      acknowledgedBy: 'Sara',
      resolvedAt: null,
      createdAt: at,
    },
  ],
}

it('writes a notification in snake_case and reads back the same, data and card untouched', () => {
  const wire = z.encode(notificationDetailWire, detail)
  expect(wire).toMatchObject({
    event_type: 'vault.seal.detected',
    created_at: '2026-11-21T10:00:00.123Z',
    sent_at: null,
    accepted_at: null,
    data: { cluster_id: 'x', camelKey: { snake_key: 1 } },
    card: { bodyParts: [{ some_key: 1 }] },
    attempts: [{ started_at: '2026-11-21T10:00:00.123Z', error_code: null }],
    actions: [{ at: '2026-11-21T10:00:00.123Z', data: { someKey: [1] } }],
  })
  const back: NotificationDetail = z.decode(notificationDetailWire, JSON.parse(JSON.stringify(wire)))
  expect(back).toEqual(detail)
})

it('writes a row of a list without the fields of the detail', () => {
  const view: NotificationView = detail
  expect(Object.keys(z.encode(notificationWire, view))).not.toContain('data')
})

it('reads back acceptances and channels', () => {
  const acceptance: Acceptance = {
    eventId: 'e',
    correlationId: 'c',
    duplicate: true,
    notifications: [{ id: 'n', channel: 'sre', state: 'pending' }],
  }
  const acceptanceBack: Acceptance = z.decode(acceptanceWire, z.encode(acceptanceWire, acceptance))
  expect(acceptanceBack).toEqual(acceptance)
  const channel: ChannelView = {
    key: 'sre',
    name: '#sre-alerts',
    configured: true,
    muted: false,
    reason: 'server_error',
    budgetLeft: 9.5,
    budget: { requests: 60, period: 60, burst: 10 },
    backlog: { CRITICAL: 1, HIGH: 0, MEDIUM: 0, LOW: 0, INFO: 2 },
    oldestWaitingAt: at,
    breaker: 'half_open',
    restsUntil: at,
    lastOutcome: 'rate_limited',
    lastOutcomeAt: at,
  }
  const channelBack: ChannelView = z.decode(channelWire, z.encode(channelWire, channel))
  expect(channelBack).toEqual(channel)
})

it('refuses an invalid time', () => {
  const wire = { ...z.encode(notificationDetailWire, detail), created_at: 'yesterday' }
  expect(z.safeDecode(notificationDetailWire, wire).success).toBe(false)
})

it('carries every field of an event there and back', () => {
  expect(EVENT_FIELDS.map(camelName).map(snakeName)).toEqual([...EVENT_FIELDS])
  const event = {
    eventType: 'vault.unseal.complete',
    data: { node: 'n', sealed_at: '2026-11-21' },
    correlationId: 'c',
    occurredAt: '2026-11-21T10:00:00Z',
    idempotencyKey: 'k',
    language: 'ar',
    priority: 'low',
    stakeholders: ['SRE'],
  } as const
  expect(eventFromWire({ ...eventToWire(event), another: 1 })).toEqual(event)
})
