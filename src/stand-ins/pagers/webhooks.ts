import { createHmac, randomBytes } from 'node:crypto'

/** A subscription to v3 webhooks. */
export interface WebhookSubscription {
  readonly url: string
  /** Secrets of the subscription; during a rotation two, and the header has a signature of each. */
  readonly secrets: readonly string[]
}

/** A webhook that was sent. */
export interface WebhookDelivery {
  readonly url: string
  readonly eventId: string
  readonly eventType: string
  readonly body: string
  /** Value of `X-PagerDuty-Signature`. */
  readonly signature: string
  /** Status of the answer; undefined where there was none. */
  readonly status: number | undefined
}

/** The incident whose change a webhook says. */
interface Incident {
  readonly incidentId: string
  readonly dedupKey: string
  readonly status: string
  readonly summary: string
}

/** PagerDuty gives up on an answer after 5 seconds: https://developer.pagerduty.com/docs/webhook-behaviour */
const ANSWER_MS = 5_000

/** The signatures of a body by each secret, as in `X-PagerDuty-Signature`. */
export function pagerDutySignature(body: string, secrets: readonly string[]): string {
  return secrets.map((secret) => `v1=${createHmac('sha256', secret).update(body).digest('hex')}`).join(',')
}

/** Sends v3 webhooks to all subscriptions (https://developer.pagerduty.com/docs/webhooks-overview). */
export function createWebhooks(subscriptions: readonly WebhookSubscription[], now: () => Date) {
  const all = [...subscriptions]
  const deliveries: WebhookDelivery[] = []
  let sending: Promise<unknown> = Promise.resolve()

  async function post(delivery: Omit<WebhookDelivery, 'status'>): Promise<WebhookDelivery> {
    const { url, body, signature } = delivery
    let status: number | undefined
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'user-agent': 'PagerDuty-Webhook/V3.0',
          'x-pagerduty-signature': signature,
        },
        body,
        signal: AbortSignal.timeout(ANSWER_MS),
      })
      await response.arrayBuffer()
      status = response.status
    } catch {
      // No answer: PagerDuty tries again for up to 48 hours; a test does so with redeliver().
    }
    const done = { ...delivery, status }
    deliveries.push(done)
    return done
  }

  function bodyOf(incident: Incident, by: string, eventId: string): string {
    const agent =
      by === 'api'
        ? { id: 'PSERVICE', type: 'service_reference', summary: 'Events API' }
        : { id: `P${by.toUpperCase().replace(/[^A-Z]/g, '')}`, type: 'user_reference', summary: by }
    return JSON.stringify({
      event: {
        id: eventId,
        event_type: `incident.${incident.status}`,
        resource_type: 'incident',
        occurred_at: now().toISOString(),
        agent,
        client: null,
        data: {
          id: incident.incidentId,
          type: 'incident',
          html_url: `https://example.pagerduty.com/incidents/${incident.incidentId}`,
          status: incident.status,
          incident_key: incident.dedupKey,
          title: incident.summary,
        },
      },
    })
  }

  return {
    subscribe: (subscription: WebhookSubscription) => void all.push(subscription),
    deliveries: (): readonly WebhookDelivery[] => deliveries,
    redeliver: ({ status: _status, ...delivery }: WebhookDelivery) => post(delivery),
    async settled(): Promise<void> {
      await sending
    },
    /** Sends the status of an incident to all subscriptions, after the webhooks before it. */
    send(incident: Incident, by: string): void {
      const eventId = randomBytes(13).toString('hex').toUpperCase()
      const body = bodyOf(incident, by, eventId)
      for (const { url, secrets } of all) {
        const eventType = `incident.${incident.status}`
        const delivery = { url, eventId, eventType, body, signature: pagerDutySignature(body, secrets) }
        sending = sending.then(() => post(delivery))
      }
    },
  }
}
