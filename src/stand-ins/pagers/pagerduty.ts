import '../../kernel/require-node.ts'

import { randomBytes, randomUUID } from 'node:crypto'
import { refusalsOf } from './pagerduty-refusals.ts'
import {
  createWindow,
  isRecord,
  objectOf,
  type PagerAnswer,
  type PagerFault,
  type PagerRequest,
  servePager,
} from './server.ts'
import { createWebhooks, type WebhookDelivery, type WebhookSubscription } from './webhooks.ts'

/** The status of an alert and of its incident. */
export type PagerDutyStatus = 'triggered' | 'acknowledged' | 'resolved'

/** An alert, with the incident that it opened. */
export interface PagerDutyAlert {
  readonly routingKey: string
  readonly dedupKey: string
  readonly incidentId: string
  readonly status: PagerDutyStatus
  readonly summary: string
  readonly severity: string
  readonly source: string
  /** The `payload` of the event that opened it, as received. */
  readonly payload: Readonly<Record<string, unknown>>
  /** Number of trigger events that it has, the first included. */
  readonly triggers: number
  /** Every change of its status, the oldest first; `by` is `api` for the Events API, else the person. */
  readonly changes: readonly { readonly status: PagerDutyStatus; readonly at: string; readonly by: string }[]
}

/** Options of {@link startPagerDuty}. */
export interface PagerDutyOptions {
  /** Integration keys that exist; any of 32 characters if absent. */
  readonly routingKeys?: readonly string[]
  /** Events per minute and integration key, 120 as documented. */
  readonly perMinute?: number
  /** Subscriptions to v3 webhooks. */
  readonly webhooks?: readonly WebhookSubscription[]
  readonly port?: number
  readonly now?: () => Date
}

/** A running stand-in for PagerDuty. */
export interface PagerDutyStandIn {
  /** Origin of its Events API, the `url` of a pager in the configuration. */
  readonly url: string
  /** All alerts, the oldest first, resolved ones included. */
  alerts(): readonly PagerDutyAlert[]
  /** The newest alert with this key. */
  alert(dedupKey: string): PagerDutyAlert | undefined
  /** Number of requests to `/v2/enqueue`, refused ones included. */
  requests(): number
  /** Queues a fault for the next request; several apply to the next requests in order. */
  failNext(fault: PagerFault): void
  /** A person presses a button at the newest alert with this key; resolves once its webhooks were delivered. */
  press(button: 'acknowledge' | 'resolve', dedupKey: string, by?: string): Promise<void>
  /** Adds a subscription to v3 webhooks. */
  subscribe(subscription: WebhookSubscription): void
  /** Every webhook that was sent, with the answer to it. */
  deliveries(): readonly WebhookDelivery[]
  /** Sends a webhook once more, with the same bytes and event id, as after an answer that was lost. */
  redeliver(delivery: WebhookDelivery): Promise<WebhookDelivery>
  /** Resolves once every webhook so far was answered. */
  settled(): Promise<void>
  close(): Promise<void>
}

/**
 * Starts an HTTP server that behaves like PagerDuty's Events API v2
 * (https://developer.pagerduty.com/docs/events-api-v2-overview): it refuses what PagerDuty refuses, joins events with one
 * `dedup_key`, answers 202 to an acknowledge or resolve without an open alert and drops it, and sends v3 webhooks with
 * `X-PagerDuty-Signature`. For tests, and for trying a pager without an account.
 */
export async function startPagerDuty(options: PagerDutyOptions = {}): Promise<PagerDutyStandIn> {
  const now = () => options.now?.() ?? new Date()
  const window = createWindow(options.perMinute ?? 120, () => now().getTime())
  const webhooks = createWebhooks(options.webhooks ?? [], now)
  const faults: PagerFault[] = []
  const alerts: PagerDutyAlert[] = []
  let requests = 0

  const openAlert = (routingKey: unknown, dedupKey: string) =>
    alerts.findLastIndex(
      (alert) => alert.routingKey === routingKey && alert.dedupKey === dedupKey && alert.status !== 'resolved',
    )

  function change(index: number, status: PagerDutyStatus, by: string): void {
    const alert = alerts[index]
    if (alert === undefined || alert.status === status) return
    const changed = { ...alert, status, changes: [...alert.changes, { status, at: now().toISOString(), by }] }
    alerts[index] = changed
    webhooks.send(changed, by)
  }

  function trigger(routingKey: string, dedupKey: string, payload: Record<string, unknown>): void {
    const index = openAlert(routingKey, dedupKey)
    const open = alerts[index]
    if (open !== undefined) {
      // A trigger joins the open alert; an acknowledged one stays acknowledged and notifies nobody.
      alerts[index] = { ...open, triggers: open.triggers + 1 }
      return
    }
    const alert: PagerDutyAlert = {
      routingKey,
      dedupKey,
      incidentId: `Q${randomBytes(7).toString('hex').toUpperCase()}`,
      status: 'triggered',
      summary: String(payload.summary),
      severity: String(payload.severity),
      source: String(payload.source),
      payload,
      triggers: 1,
      changes: [{ status: 'triggered', at: now().toISOString(), by: 'api' }],
    }
    alerts.push(alert)
    webhooks.send(alert, 'api')
  }

  function answer({ method, path, body }: PagerRequest): PagerAnswer {
    if (path !== '/v2/enqueue') return { status: 404, body: {} }
    if (method !== 'POST') return { status: 405, body: {} }
    requests += 1
    const event = objectOf(body)
    const errors = refusalsOf(event, body.length, options.routingKeys)
    if (event === undefined || errors.length > 0)
      return { status: 400, body: { status: 'invalid event', message: 'Event object is invalid', errors } }
    const routingKey = String(event.routing_key)
    if (!window.take(routingKey))
      return { status: 429, body: { status: 'throttle exceeded', message: 'Events for this key come too fast' } }
    const dedupKey = typeof event.dedup_key === 'string' ? event.dedup_key : randomUUID().replaceAll('-', '')
    if (event.event_action === 'trigger') trigger(routingKey, dedupKey, isRecord(event.payload) ? event.payload : {})
    else change(openAlert(routingKey, dedupKey), event.event_action === 'resolve' ? 'resolved' : 'acknowledged', 'api')
    return { status: 202, body: { status: 'success', message: 'Event processed', dedup_key: dedupKey } }
  }

  const server = await servePager({ port: options.port, faults, answer })
  return {
    url: server.origin,
    alerts: () => alerts,
    alert: (dedupKey) => alerts.findLast((alert) => alert.dedupKey === dedupKey),
    requests: () => requests,
    failNext: (fault) => void faults.push(fault),
    async press(button, dedupKey, by = 'Sara') {
      change(
        alerts.findLastIndex((alert) => alert.dedupKey === dedupKey && alert.status !== 'resolved'),
        button === 'resolve' ? 'resolved' : 'acknowledged',
        by,
      )
      await webhooks.settled()
    },
    subscribe: webhooks.subscribe,
    deliveries: webhooks.deliveries,
    redeliver: webhooks.redeliver,
    settled: webhooks.settled,
    close: server.close,
  }
}
