import type { Catalogue } from '../catalogue/catalogue.ts'
import type { Priority } from '../catalogue/priority.ts'
import type { Acceptance, ChannelView, Check, GatewayService, UncheckedEvent } from '../contract/service.ts'
import { refill } from '../delivery/budget.ts'
import type { Engine } from '../delivery/engine.ts'
import type { Accepted, Acceptor } from '../intake/acceptor.ts'
import type { Clock } from '../kernel/clock.ts'
import { GatewayError, isGatewayError } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Publisher } from '../publish/publisher.ts'
import { type ChannelRow, readBacklog, readChannels } from '../store/channels.ts'
import type { Database } from '../store/database.ts'
import { databaseError } from '../store/database-error.ts'
import { adoptTransaction, type ForeignTransaction } from '../store/foreign-transaction.ts'
import { getNotification, listNotifications, replayNotification } from '../store/notifications.ts'
import { committingEach, inTransaction } from '../store/transactions.ts'
import type { Destination, Transport } from '../transports/transport.ts'
import { createScrape } from './metrics.ts'
import { createSilences } from './silences.ts'

/** The gateway's service, and the one thing that only a program in the same process can ask for. */
export interface LocalService extends GatewayService {
  /** Accepts inside the caller's own transaction. Live listeners hear nothing: only the caller knows whether it commits. */
  acceptWithin(
    transaction: ForeignTransaction,
    events: readonly UncheckedEvent[],
    origin: string,
  ): Promise<readonly Acceptance[]>
  /** Resolves when no call is under way, so that the database can be closed. */
  settled(): Promise<void>
}

/** What the service is made of. */
export interface ServiceParts {
  readonly acceptor: Acceptor
  readonly database: Database
  readonly engine: Engine
  readonly metrics: Metrics
  readonly publisher: Publisher | undefined
  readonly catalogue: Catalogue
  readonly transport: Pick<Transport, 'destination'>
  readonly clock: Clock
  readonly log: Log
  /** True once the gateway is stopping: then nothing is accepted any more. */
  readonly stopping: () => boolean
}

/** Makes the service that HTTP, the command line and the library speak to. */
export function createService(parts: ServiceParts): LocalService {
  const { acceptor, database, engine, metrics, publisher, log } = parts
  const { kysely } = database
  const silences = createSilences(parts)
  const scrape = createScrape({
    metrics,
    clock: parts.clock,
    log,
    channels: () => viewChannels(parts, database.delivery),
  })

  const underWay = new Set<Promise<unknown>>()

  /** Runs a call; whatever it throws leaves as a GatewayError, counted where it is a refusal of events. */
  async function call<T>(name: keyof LocalService, run: () => Promise<T>): Promise<T> {
    const running = run()
    underWay.add(running)
    try {
      return await running
    } catch (error) {
      const known = isGatewayError(error) ? error : databaseError(error)
      if (!isGatewayError(error))
        log.error({ err: error, call: name, code: known.code }, 'a call of the gateway failed')
      if (name === 'accept' || name === 'acceptWithin')
        metrics.count('teams_events_refused_total', { code: known.code })
      throw known
    } finally {
      underWay.delete(running)
    }
  }

  function tell({ acceptances, events, suppressed }: Accepted): void {
    for (const { channel, reason } of suppressed)
      metrics.count('teams_notifications_suppressed_total', { channel, reason: reason ?? '' })
    const typeOf = new Map(events.map((event) => [event.id, event]))
    for (const acceptance of acceptances) {
      const event = typeOf.get(acceptance.eventId)
      if (!event || acceptance.duplicate) continue
      metrics.count('teams_events_accepted_total', { event_type: event.eventType, priority: event.priority })
      log.info(
        {
          correlation_id: event.correlationId,
          event_id: event.id,
          event_type: event.eventType,
          priority: event.priority,
          channels: acceptance.notifications.map((n) => n.channel),
          ...(acceptance.ignored ? { ignored: acceptance.ignored } : {}),
        },
        'event accepted',
      )
    }
    for (const acceptance of acceptances)
      if (acceptance.duplicate)
        log.info(
          { correlation_id: acceptance.correlationId, event_id: acceptance.eventId },
          'event known already; the first answer was given again',
        )
    metrics.count('teams_events_duplicate_total', {}, acceptances.filter((acceptance) => acceptance.duplicate).length)
  }

  return {
    accept: (events, origin, gone) =>
      call('accept', async () => {
        if (parts.stopping()) throw new GatewayError('gateway_stopped')
        const checked = await acceptor.protect(acceptor.check(events))
        // Nobody would hear the answer, and who sends it again would have to wait for this one.
        if (gone?.aborted) throw new GatewayError('caller_gone')
        const accepted = await inTransaction(kysely, (transaction) => acceptor.accept(transaction, checked, origin))
        tell(accepted)
        if (publisher) for (const event of accepted.events) publisher.publish(event)
        return accepted.acceptances
      }),
    acceptWithin: (transaction, events, origin) =>
      call('acceptWithin', async () => {
        if (parts.stopping()) throw new GatewayError('gateway_stopped')
        // Neither logged nor counted as accepted: the caller's commit decides, and nobody tells us of it.
        const checked = await acceptor.protect(acceptor.check(events))
        return (await acceptor.accept(adoptTransaction(transaction), checked, origin)).acceptances
      }),
    listNotifications: (query) => call('listNotifications', () => listNotifications(kysely, query)),
    getNotification: (id) => call('getNotification', () => getNotification(kysely, id)),
    replayNotification: (id, by) =>
      call('replayNotification', async () => {
        const replayed = await inTransaction(kysely, async (transaction) => {
          const notification = await replayNotification(transaction, id, by)
          await engine.wake(transaction, [notification.channel])
          return notification
        })
        log.info(
          { correlation_id: replayed.correlationId, notification_id: id, channel: replayed.channel, by },
          'failed notification replayed',
        )
        return replayed
      }),
    listChannels: () => call('listChannels', () => viewChannels(parts, kysely)),
    createSilence: (silence, by) =>
      call('createSilence', () => committingEach(() => silences.createSilence(silence, by))),
    listSilences: (query) => call('listSilences', () => silences.listSilences(query)),
    getSilence: (id) => call('getSilence', () => silences.getSilence(id)),
    endSilence: (id, by) => call('endSilence', () => committingEach(() => silences.endSilence(id, by))),
    async settled() {
      await Promise.allSettled(underWay)
    },
    readiness: () => checkReadiness(parts),
    metrics: () => call('metrics', scrape),
  }
}

async function viewChannels(
  { catalogue, transport }: ServiceParts,
  kysely: Database['kysely'],
): Promise<readonly ChannelView[]> {
  const [rows, waiting] = await Promise.all([readChannels(kysely), readBacklog(kysely)])
  return [...catalogue.channels.values()].map((channel): ChannelView => {
    const row = rows.get(channel.key)
    const backlog: Record<Priority, number> = { CRITICAL: 0, HIGH: 0, MEDIUM: 0, LOW: 0, INFO: 0 }
    let oldest: Date | null = null
    for (const part of waiting) {
      if (part.channel !== channel.key) continue
      backlog[part.priority] = part.count
      if (oldest === null || part.oldest < oldest) oldest = part.oldest
    }
    const destination = transport.destination(channel)
    const left = row ? refill(row, channel.budget, row.now).tokens : channel.budget.burst
    const rests = row?.pausedUntil && row.pausedUntil > row.now ? row.pausedUntil : null
    return {
      key: channel.key,
      name: channel.name,
      configured: destination.ready,
      muted: channel.muted,
      reason: reasonOf(channel.muted, destination, row),
      budgetLeft: Math.floor(left),
      budget: channel.budget,
      backlog,
      oldestWaitingAt: oldest,
      breaker: row?.breaker ?? 'closed',
      restsUntil: rests,
      lastOutcome: row?.lastOutcome ?? null,
      lastOutcomeAt: row?.lastOutcomeAt ?? null,
    }
  })
}

/** Why a channel gets no cards, if it gets none. */
function reasonOf(muted: boolean, destination: Destination, row: ChannelRow | undefined): string | null {
  if (muted) return 'muted'
  if (!destination.ready) return destination.reason
  return row === undefined || row.breaker === 'closed' ? null : row.lastOutcome
}

async function checkReadiness({ database, engine }: ServiceParts): Promise<readonly Check[]> {
  const check = async (name: string, ask: () => Promise<unknown>): Promise<Check> => {
    try {
      await ask()
      return { name, ok: true, detail: 'reachable' }
    } catch (error) {
      return { name, ok: false, detail: databaseError(error).code }
    }
  }
  return Promise.all([
    // Not behind callers who use up the connections: it is reachable all the same.
    check('database', () => readChannels(database.delivery)),
    check('engine', async () => {
      if (!(await engine.reachable())) throw new Error('the engine is not installed')
    }),
  ])
}
