import type { PagerDefinition } from '../catalogue/pagers.ts'
import type { Priority } from '../catalogue/priority.ts'
import type { Secret } from '../kernel/secret.ts'
import { type AlertContent, cutCodePoints } from './alert-content.ts'
import { failureOf, type PagerHttp } from './http.ts'
import type { Pager, PagerAnswer } from './pager.ts'

/** https://developer.pagerduty.com/docs/send-alert-event */
const LONGEST_SUMMARY = 1_024
const SEVERITIES: { readonly [P in Priority]: 'critical' | 'error' | 'warning' | 'info' } = {
  CRITICAL: 'critical',
  HIGH: 'error',
  MEDIUM: 'warning',
  LOW: 'info',
  INFO: 'info',
}

/**
 * PagerDuty's Events API v2. Its 202 says that the event was taken, and proves no alert: it is also the answer to the
 * acknowledgement of an alert that is not there. What became of it, its v3 webhooks tell.
 */
export function createPagerDuty(
  { name, url }: PagerDefinition,
  { http, key }: { readonly http: PagerHttp; readonly key: () => Secret | undefined },
): Pager {
  const pager: Pager = {
    name,
    async send(request, content): Promise<PagerAnswer> {
      const routingKey = key()
      if (routingKey === undefined) return { kind: 'failed', code: 'key_missing', statusCode: null }
      const response = await http.ask(new URL(`${url}/v2/enqueue`), {
        body: {
          routing_key: routingKey.reveal(),
          event_action: request,
          dedup_key: content.key,
          ...(request === 'trigger' ? { payload: payloadOf(content), client: 'claimlinc-teams' } : {}),
        },
      })
      const failure = failureOf(response)
      // PagerDuty has no 401: a key that no service has is an invalid event.
      if (response.status === 400 && /routing_key/.test(response.body))
        return { kind: 'failed', code: 'key_refused', statusCode: 400 }
      return failure ?? { kind: 'accepted', statusCode: response.status ?? 202 }
    },
    // PagerDuty answers 202 to the end of an alert that is not there and drops it; a wrong key is refused all the same.
    check: () => pager.send('resolve', { ...NO_ALERT, key: CHECK_KEY }),
    // Its requests are not asked for.
    look: async () => ({ kind: 'done' }),
  }
  return pager
}

/** The key of an alert that there never is. */
const CHECK_KEY = 'claimlinc:doctor'
const NO_ALERT: AlertContent = {
  key: '',
  summary: '',
  priority: 'INFO',
  eventType: '',
  occurredAt: new Date(0),
  details: {},
}

function payloadOf({ summary, priority, eventType, occurredAt, details }: AlertContent): object {
  return {
    summary: cutCodePoints(summary, LONGEST_SUMMARY),
    source: 'claimlinc-teams',
    severity: SEVERITIES[priority],
    timestamp: occurredAt.toISOString(),
    class: eventType,
    custom_details: details,
  }
}
