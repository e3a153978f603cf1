import { setTimeout } from 'node:timers/promises'
import { PRIORITIES } from '../catalogue/priority.ts'
import type { ChannelView } from '../contract/channels.ts'
import type { Check } from '../contract/health.ts'
import type { GatewayService } from '../contract/service.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { readChannels } from '../store/channels.ts'
import { databaseError } from '../store/database-error.ts'
import { viewChannels } from './channels.ts'
import type { UseCaseParts } from './use-case.ts'

/** Milliseconds that a scrape waits for the database: well below the 10 s after which Prometheus gives up by default. */
const PATIENCE_MS = 3_000

/** Gauges that are read from the database with each scrape. */
const OF_CHANNELS = [
  'teams_channel_backlog',
  'teams_channel_oldest_waiting_seconds',
  'teams_channel_address_missing',
  'teams_channel_budget',
  'teams_channel_breaker',
] as const

/** Says whether the gateway can work, and how much. */
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
    // Not behind callers who use up the connections: it is reachable all the same.
    check('database', () => readChannels(database.delivery)),
    check('engine', async () => {
      if (!(await engine.reachable())) throw new Error('the engine is not installed')
    }),
  ])
}

/**
 * Makes what answers `/metrics`. It never fails and never waits long: while the database is away or does not answer, its
 * gauges are missing, `teams_database_up` is 0, and all the rest is there. Scrapes that come together ask the database
 * once.
 */
function createScrape(parts: UseCaseParts): GatewayService['metrics'] {
  const { metrics, clock, log } = parts
  let asking: Promise<readonly ChannelView[] | undefined> | undefined
  let up = true

  function ask(): Promise<readonly ChannelView[] | undefined> {
    asking ??= viewChannels(parts, parts.database.delivery)
      .catch((error: unknown) => {
        if (up) log.write('channel_metrics_missing', { err: error })
        return undefined
      })
      .finally(() => {
        asking = undefined
      })
    return asking
  }

  return async () => {
    const late = new AbortController()
    const channels = await Promise.race([
      ask(),
      setTimeout(PATIENCE_MS, undefined, { signal: late.signal }).catch(() => undefined),
    ])
    late.abort()
    up = channels !== undefined
    metrics.set('teams_database_up', {}, up ? 1 : 0)
    // A value of before would look as if it were one of now.
    for (const name of OF_CHANNELS) metrics.clear(name)
    for (const channel of channels ?? []) showChannel(metrics, channel, clock.now())
    return metrics.expose()
  }
}

function showChannel(metrics: Metrics, channel: ChannelView, now: Date): void {
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
