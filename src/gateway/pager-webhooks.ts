import type { Actor } from '../contract/actions.ts'
import {
  PAGER_WEBHOOK_REFUSALS,
  type PagerWebhookAnswer,
  type PagerWebhookRefusal,
} from '../contract/pager-webhooks.ts'
import type { GatewayService } from '../contract/service.ts'
import { cleanText, cutText } from '../kernel/characters.ts'
import { GatewayError, isGatewayError } from '../kernel/errors.ts'
import type { Secret } from '../kernel/secret.ts'
import { isSignedBy, readPagerDutyWebhook } from '../pagers/webhook.ts'
import { insertEntry } from '../store/insert-entry.ts'
import { readFoldedEvents, recordTold } from '../store/record-pager-alerts.ts'
import type { UseCaseParts } from './calls.ts'

/** Receives what services that call people tell by themselves. */
export interface ReceivePagerWebhooks {
  /**
   * Takes a v3 webhook of PagerDuty: records what it tells about a pager alert, and acknowledges the event here when a person
   * acknowledged or resolved its incident there. One that comes again does nothing again.
   *
   * @param signature `X-PagerDuty-Signature`
   * @throws GatewayError `not_found`, `unauthenticated`, `invalid_request`; the refusal is recorded
   */
  receivePagerDuty(name: string, body: Uint8Array, signature: string | undefined): Promise<PagerWebhookAnswer>
}

/** Ahead of the gateway's clock. */
const MOST_AHEAD_MS = 5 * 60_000
/**
 * Behind it. PagerDuty tries for 48 hours to deliver a webhook (https://developer.pagerduty.com/docs/webhook-behaviour): with the
 * five minutes of other signatures, an acknowledgement would be lost whenever the gateway is away for longer. A webhook that
 * comes again does nothing, because of its id.
 */
const MOST_BEHIND_MS = (48 * 60 + 5) * 60_000
/** Entries of refusals in a minute; more are only counted. */
const MOST_ENTRIES = 30
const MINUTE_MS = 60_000
const LONGEST_NAME = 200

/** What the use case needs besides the parts of all. */
export interface PagerWebhookParts extends Pick<UseCaseParts, 'database' | 'catalogue' | 'metrics' | 'clock' | 'log'> {
  readonly pagerWebhookSecrets: (name: string) => readonly Secret[]
}

/** Makes the use case. */
export function createPagerWebhooks(
  { database: { kysely }, catalogue, metrics, clock, log, pagerWebhookSecrets }: PagerWebhookParts,
  act: GatewayService['act'],
): ReceivePagerWebhooks {
  let entries: number[] = []

  /** Records a refusal and returns its error. A flood fills the metric and not the audit trail. */
  async function refuse(refusal: PagerWebhookRefusal, pager: string | null): Promise<GatewayError> {
    const { status, means, todo } = PAGER_WEBHOOK_REFUSALS[refusal]
    metrics.count('teams_pager_webhooks_total', { pager: pager ?? 'unknown', outcome: refusal })
    const now = clock.now().getTime()
    entries = entries.filter((at) => at > now - MINUTE_MS)
    if (entries.length < MOST_ENTRIES) {
      entries.push(now)
      log.write('pager_webhook_refused', { pager, reason: refusal })
      await insertEntry(kysely, 'webhook.refused', { refusal, pager, via: 'unauthenticated', who: null })
    }
    const code = status === 404 ? 'not_found' : status === 401 ? 'unauthenticated' : 'invalid_request'
    return new GatewayError(code, [{ at: 'webhook', found: means, expected: todo }])
  }

  async function acknowledge(pagerAlertId: string, webhookId: string, actor: Actor): Promise<boolean> {
    let isDone = false
    for (const eventId of await readFoldedEvents(kysely, pagerAlertId))
      try {
        const idempotencyKey = `${webhookId} ${eventId}`
        const { state } = await act({ action: 'acknowledge', eventId, idempotencyKey }, actor)
        if (state === 'done') isDone = true
      } catch (error) {
        // Retention has removed its notifications: nothing is left to acknowledge.
        if (!isGatewayError(error) || error.code !== 'not_found') throw error
      }
    return isDone
  }

  return {
    async receivePagerDuty(name, body, signature) {
      const secrets = pagerWebhookSecrets(name)
      if (catalogue.pagers.get(name)?.kind !== 'pagerduty' || secrets.length === 0)
        throw await refuse('unknown_pager', catalogue.pagers.has(name) ? name : null)
      if (signature === undefined) throw await refuse('signature_missing', name)
      if (!isSignedBy(signature, body, secrets)) throw await refuse('signature_wrong', name)
      const webhook = readPagerDutyWebhook(body)
      if (webhook === undefined) throw await refuse('unreadable', name)
      const ahead = webhook.occurredAt.getTime() - clock.now().getTime()
      if (ahead > MOST_AHEAD_MS || -ahead > MOST_BEHIND_MS) throw await refuse('time_wrong', name)

      const result = await take(name, webhook)
      metrics.count('teams_pager_webhooks_total', { pager: name, outcome: result })
      return { result }
    },
  }

  async function take(
    name: string,
    { id, told }: NonNullable<ReturnType<typeof readPagerDutyWebhook>>,
  ): Promise<PagerWebhookAnswer['result']> {
    if (told === undefined) return 'ignored'
    const { eventId, generation, state, person } = told
    const by = person && shown(person.name ?? person.id)
    const pagerAlert = await recordTold(kysely, { eventId, pager: name, generation }, { state, by, via: 'pagerduty' })
    if (pagerAlert === undefined) return 'ignored'
    if (pagerAlert.changed) log.write('pager_alert_told', { pager: name, pager_alert_state: state, event_id: eventId })
    if (state === 'opened' || person === null) return 'recorded'
    const actor: Actor = {
      via: 'pagerduty',
      id: shown(person.id),
      name: by,
      verified: true,
      roles: [],
      relayedBy: `pagerduty:${name}`,
    }
    return (await acknowledge(pagerAlert.id, id, actor)) ? 'acknowledged' : 'recorded'
  }
}

function shown(text: string): string {
  return cutText(cleanText(text).replaceAll(/\s+/g, ' ').trim(), LONGEST_NAME)
}
