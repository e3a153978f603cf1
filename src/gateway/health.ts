import { setTimeout } from 'node:timers/promises'
import { PRIORITIES } from '../catalogue/priority.ts'
import type { ChannelView } from '../contract/channels.ts'
import type { Check } from '../contract/health.ts'
import type { HeartbeatView } from '../contract/heartbeats.ts'
import type { GatewayService } from '../contract/service.ts'
import type { SourceView } from '../contract/sources.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { type AuditLag, readAuditLag } from '../store/audit-lag.ts'
import { readChannels } from '../store/channels.ts'
import { databaseError } from '../store/database-error.ts'
import type { UseCaseParts } from './calls.ts'
import { viewChannels } from './channels.ts'
import { viewHeartbeats } from './heartbeats.ts'
import { viewSources } from './sources.ts'

/** Milliseconds that a scrape waits for the database: well below the 10 s after which Prometheus gives up by default. */
const SCRAPE_TIMEOUT_MS = 3_000

/** Gauges that each scrape sets from the database. */
const DATABASE_GAUGES = [
  'teams_channel_backlog',
  'teams_channel_oldest_waiting_seconds',
  'teams_channel_address_missing',
  'teams_channel_budget',
  'teams_channel_breaker',
  'teams_source_up',
  'teams_source_blind',
  'teams_source_open_findings',
  'teams_heartbeat_open',
  'teams_heartbeat_last_success_timestamp_seconds',
  'teams_audit_unsealed_seconds',
  'teams_audit_oldest_open_transaction_seconds',
] as const

/** What a scrape reads from the database. */
interface Scraped {
  readonly channels: readonly ChannelView[]
  readonly sources: readonly SourceView[]
  readonly heartbeats: readonly HeartbeatView[]
  readonly audit: AuditLag
}

/** Makes the use cases behind `/readyz` and `/metrics`. */
export function createHealth(parts: UseCaseParts): Pick<GatewayService, 'readiness' | 'metrics'> {
  return { readiness: () => checkReadiness(parts), metrics: createScrape(parts) }
}

async function checkReadiness({ database, engine }: UseCaseParts): Promise<readonly Check[]> {
  const check = async (name: string, ask: () => Promise<unknown>): Promise<Check> => {
    try {
      await ask()
      return { name, ok: true, detail: 'reachable' }
    } catch (error) {
      return { name, ok: false, detail: databaseError(error).code }
    }
  }
  return Promise.all([
    // The delivery pool: callers who use up the other pool's connections do not make the database unreachable.
    check('database', () => readChannels(database.delivery)),
    check('engine', async () => {
      if (!(await engine.reachable())) throw new Error('the engine is not installed')
    }),
  ])
}

/**
 * Makes the function that answers `/metrics`. It never throws, and waits {@link SCRAPE_TIMEOUT_MS} at most. While the database
 * is unreachable or does not answer, the gauges of channels, sources, heartbeats and the audit trail are missing and `teams_database_up` is 0; all
 * other metrics are there. Concurrent scrapes share one query.
 */
function createScrape(parts: UseCaseParts): GatewayService['metrics'] {
  const { metrics, clock, log } = parts
  let query: Promise<Scraped | undefined> | undefined
  let up = true

  function queryDatabase(): Promise<Scraped | undefined> {
    query ??= scrape(parts)
      .catch((error: unknown) => {
        if (up) log.write('channel_metrics_missing', { err: error })
        return undefined
      })
      .finally(() => {
        query = undefined
      })
    return query
  }

  return async () => {
    const timeout = new AbortController()
    const scraped = await Promise.race([
      queryDatabase(),
      setTimeout(SCRAPE_TIMEOUT_MS, undefined, { signal: timeout.signal }).catch(() => undefined),
    ])
    timeout.abort()
    up = scraped !== undefined
    metrics.set('teams_database_up', {}, up ? 1 : 0)
    // A gauge kept from an earlier scrape would pass for a current value.
    for (const name of DATABASE_GAUGES) metrics.clear(name)
    for (const channel of scraped?.channels ?? []) setChannelGauges(metrics, channel, clock.now())
    for (const source of scraped?.sources ?? []) setSourceGauges(metrics, source)
    for (const heartbeat of scraped?.heartbeats ?? []) setHeartbeatGauges(metrics, heartbeat)
    if (scraped !== undefined) setAuditGauges(metrics, scraped.audit)
    return metrics.expose()
  }
}

async function scrape(parts: UseCaseParts): Promise<Scraped> {
  const { database } = parts
  const [channels, sources, heartbeats, audit] = await Promise.all([
    viewChannels(parts, database.delivery),
    viewSources(parts, database.delivery),
    viewHeartbeats(parts, database.delivery),
    readAuditLag(database),
  ])
  return { channels, sources, heartbeats, audit }
}

function setHeartbeatGauges(metrics: Metrics, { name, open, succeededAt }: HeartbeatView): void {
  metrics.set('teams_heartbeat_open', { heartbeat: name }, open.length > 0 ? 1 : 0)
  if (succeededAt !== null)
    metrics.set('teams_heartbeat_last_success_timestamp_seconds', { heartbeat: name }, succeededAt.getTime() / 1_000)
}

function setAuditGauges(metrics: Metrics, { unsealedSeconds, openTransactionSeconds }: AuditLag): void {
  metrics.set('teams_audit_unsealed_seconds', {}, unsealedSeconds)
  metrics.set('teams_audit_oldest_open_transaction_seconds', {}, openTransactionSeconds)
}

function setSourceGauges(
  metrics: Metrics,
  { name, kind, runBy, unseenSince, blindSince, open, more }: SourceView,
): void {
  const labels = { source: name, kind }
  metrics.set('teams_source_up', labels, runBy !== null && unseenSince === null ? 1 : 0)
  metrics.set('teams_source_blind', labels, blindSince === null ? 0 : 1)
  metrics.set('teams_source_open_findings', labels, open.length + more)
}

function setChannelGauges(metrics: Metrics, channel: ChannelView, now: Date): void {
  const labels = { channel: channel.key }
  for (const priority of PRIORITIES)
    metrics.set('teams_channel_backlog', { ...labels, priority }, channel.backlog[priority])
  const oldest = channel.oldestWaitingAt
  const waited = oldest === null ? 0 : Math.max(0, now.getTime() - oldest.getTime()) / 1000
  metrics.set('teams_channel_oldest_waiting_seconds', labels, waited)
  metrics.set('teams_channel_address_missing', labels, channel.reason === 'address_missing' ? 1 : 0)
  metrics.set('teams_channel_budget', labels, channel.budgetLeft)
  metrics.set('teams_channel_breaker', labels, { closed: 0, half_open: 1, open: 2 }[channel.breaker])
}
