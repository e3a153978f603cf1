import type { AlertmanagerDefinition } from '../catalogue/alertmanagers.ts'
import { ALERT_IDS } from '../catalogue/data-fields.ts'
import type { GatewayService } from '../contract/service.ts'
import type { Accepted, Acceptor, ProtectedEvent } from '../intake/acceptor.ts'
import type { CheckedEvent } from '../intake/check-event.ts'
import type { EventPlan } from '../intake/plan-notifications.ts'
import { GatewayError, isGatewayError } from '../kernel/errors.ts'
import { type AlertGroup, mapWebhook } from '../sources/alertmanager/group.ts'
import { heartbeatReports } from '../sources/alertmanager/heartbeat-reports.ts'
import { readWebhook } from '../sources/alertmanager/webhook.ts'
import {
  addGroupEvent,
  type LastGroupEvent,
  lastGroupEvent,
  lockGroup,
  openGroupCards,
  shownAlertIds,
} from '../store/alert-groups.ts'
import { firstAnswers } from '../store/idempotency.ts'
import { inTransaction } from '../store/transactions.ts'
import type { UseCaseParts } from './calls.ts'
import { reportAccepted } from './send-events.ts'

/** What became of a webhook, for the metric. */
type Outcome = 'accepted' | 'resolved' | 'repeat' | 'duplicate' | 'heartbeat' | 'heartbeat_lost' | 'refused'

/**
 * The same state of a firing group within this time is a retry, or another Alertmanager of the same cluster: nothing is written.
 * Alertmanager retries within its group_interval (5 minutes by default), and a second one of a cluster sends within seconds.
 */
const RETRY_SECONDS = 300
/** For how long a group whose state got no worse makes no further card: for as long as any card counts, see `findRepeated`. */
const UNCHANGED_SECONDS = 31 * 86_400
/** How far back a group's events are read. Alertmanager repeats a group that fires every few hours. */
const READ_BACK_MS = 32 * 86_400_000

/** Makes the use case that takes webhooks of Alertmanager and Grafana. */
export function createAlerts(
  parts: UseCaseParts,
  { reportHeartbeat }: Pick<GatewayService, 'reportHeartbeat'>,
): Pick<GatewayService, 'receiveAlerts'> {
  const { acceptor, catalogue, metrics, log, publisher } = parts
  const { kysely } = parts.database

  function count(source: string, outcome: Outcome): void {
    metrics.count('teams_source_webhooks_total', { source, outcome })
  }

  function sourceNamed(name: string): AlertmanagerDefinition {
    const source = catalogue.alertmanagers.get(name)
    if (source !== undefined) return source
    count('unknown', 'refused')
    throw new GatewayError('not_found', [
      {
        at: 'name',
        found: 'a name that no source of the kind alertmanager has',
        expected: `one of: ${[...catalogue.alertmanagers.keys()].join(', ')}; or an entry of your own under "sources"`,
      },
    ])
  }

  return {
    async receiveAlerts(name, body, origin, disconnected) {
      if (parts.stopping()) throw new GatewayError('gateway_stopped')
      const source = sourceNamed(name)
      try {
        const { group, heartbeats, lostHeartbeats } = mapWebhook(readWebhook(body), source, catalogue)
        if (lostHeartbeats.length > 0) {
          count(name, 'heartbeat_lost')
          log.write('heartbeat_lost', { source: name })
        }
        for (const { heartbeat, ping } of heartbeatReports(catalogue, name, { heartbeats, lostHeartbeats }))
          await reportHeartbeat(heartbeat, ping)
        if (group === undefined) {
          if (heartbeats.length > 0) count(name, 'heartbeat')
          return []
        }
        if (group.isTypeUnknown) log.write('alert_type_ignored', { source: name, reason: 'unknown' })
        const checked = checkGroup(acceptor, group, () =>
          log.write('alert_type_ignored', { source: name, reason: 'data_missing' }),
        )
        const event = await protectGroup(acceptor, checked, group)
        if (disconnected?.aborted) throw new GatewayError('caller_gone')
        const { accepted, outcome } = await inTransaction(kysely, (db) => acceptGroup(db, event, group, origin))
        count(name, outcome)
        reportAccepted(accepted, parts)
        if (publisher) for (const published of accepted.events) publisher.publish(published)
        return accepted.acceptances
      } catch (error) {
        if (isGatewayError(error) && error.status < 500) count(name, 'refused')
        throw error
      }
    },
  }

  async function acceptGroup(
    db: Transaction,
    event: ProtectedEvent,
    { isFiring, alertIds, channels }: AlertGroup,
    origin: string,
  ): Promise<{ readonly accepted: Accepted; readonly outcome: Outcome }> {
    const correlationId = event.stored.correlationId ?? ''
    const earliest = new Date(parts.clock.now().getTime() - READ_BACK_MS)
    await lockGroup(db, correlationId)
    const last = await lastGroupEvent(db, correlationId, earliest)
    const { definition, priority } = event
    if (last !== undefined && isRetryOf(last, { isFiring, alertIds, eventType: definition.name, priority, origin }))
      return { accepted: await acceptedBefore(db, last.id), outcome: 'duplicate' }

    async function planFiring(): Promise<EventPlan> {
      const isNews = !last?.isFiring || hasMore(alertIds, await shownAlertIds(db, correlationId, earliest))
      return { channels, ...(isNews ? { isNews } : { repeatWindow: UNCHANGED_SECONDS }) }
    }
    const plan = isFiring ? await planFiring() : await planResolution(db, correlationId, channels, earliest)
    const accepted = await acceptor.accept(db, [{ ...event, plan }], origin)
    for (const { id } of accepted.events) await addGroupEvent(db, { id, correlationId, isFiring })
    if (!isFiring) return { accepted, outcome: 'resolved' }
    const isRepeat = accepted.suppressed.length > 0 && accepted.suppressed.every(({ reason }) => reason === 'repeat')
    return { accepted, outcome: isRepeat ? 'repeat' : 'accepted' }
  }
}

type Transaction = Parameters<Acceptor['accept']>[0]

/** Checks the group's event; one that the type of the labels does not take becomes an ordinary alert. */
export function checkGroup(acceptor: Acceptor, group: AlertGroup, onPlain: () => void): CheckedEvent {
  const { event, plainEvent } = group
  try {
    return only(acceptor.check([event]))
  } catch (error) {
    if (plainEvent === undefined) throw error
    onPlain()
    return only(acceptor.check([plainEvent]))
  }
}

/**
 * Applies the policy for patient data. Labels and annotations of all alerts of the webhook are searched for it, also those that are
 * not kept: other texts may quote their values. If anything was masked, the link to a silence is left out: its URL may hold the same value
 * in another notation.
 */
export async function protectGroup(
  acceptor: Acceptor,
  checked: CheckedEvent,
  group: AlertGroup,
): Promise<ProtectedEvent> {
  const given = { ...checked.given, alert_labels: group.namedValues }
  const event = only(await acceptor.protect([{ ...checked, given }]))
  const { silence_url: silenceUrl, ...data } = event.stored.data
  const isShown = silenceUrl !== undefined && event.masked.length === 0
  return {
    ...event,
    stored: {
      ...event.stored,
      data: { ...data, ...(isShown ? { silence_url: silenceUrl } : {}), [ALERT_IDS]: group.alertIds },
    },
  }
}

/** A resolution goes where the cards are, and resolves all that is open, whatever the labels said when they were made. */
async function planResolution(
  db: Transaction,
  correlationId: string,
  channels: readonly string[] | undefined,
  earliest: Date,
): Promise<EventPlan> {
  const open = await openGroupCards(db, correlationId, earliest)
  if (open.length === 0) return { channels }
  const keys = new Map(open.map(({ dedupKey, eventType }) => [`${eventType} ${dedupKey}`, { dedupKey, eventType }]))
  return {
    channels: [...new Set(open.filter(({ isShown }) => isShown).map(({ channel }) => channel))],
    resolves: [...keys.values()],
  }
}

/**
 * True where the group's last event has the same state, and this is no repeat of Alertmanager's. One that fires with another priority
 * or type, or from another caller, is no retry: otherwise a harmless webhook with the ids of a severe one would take its card away.
 */
function isRetryOf(
  last: LastGroupEvent,
  now: Pick<LastGroupEvent, 'isFiring' | 'alertIds' | 'eventType' | 'priority' | 'origin'>,
): boolean {
  if (last.isFiring !== now.isFiring || last.alertIds.join() !== now.alertIds.join()) return false
  // Alertmanager tells of a resolved group once; a firing one it repeats.
  if (!now.isFiring) return true
  const isSame = last.eventType === now.eventType && last.priority === now.priority && last.origin === now.origin
  return isSame && last.ageSeconds < RETRY_SECONDS
}

/** The answer that an earlier request with the same state got. */
async function acceptedBefore(db: Transaction, eventId: string): Promise<Accepted> {
  const answers = await firstAnswers(db, [eventId])
  return {
    acceptances: [...answers.values()].map((answer) => ({ ...answer, duplicate: true })),
    events: [],
    suppressed: [],
  }
}

/** True where an alert fires that no card shows. */
function hasMore(alertIds: readonly string[], shown: ReadonlySet<string>): boolean {
  return alertIds.some((id) => !shown.has(id))
}

function only<T>(list: readonly T[]): T {
  const [item] = list
  if (item === undefined) throw new Error('an event was expected')
  return item
}
