import { randomUUID } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { PagerDefinition } from '../catalogue/pagers.ts'
import { PAGER_ALERT_CODES, type PagerAlertRequest } from '../contract/pager-alerts.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Log } from '../kernel/log.ts'
import type { Metrics } from '../metrics/metrics.ts'
import {
  type ClaimedPagerAlert,
  claimPagerAlerts,
  ensurePagers,
  pausePager,
  releaseFolded,
} from '../store/claim-pager-alerts.ts'
import { type ChangedPagerAlert, type PagerAlertResult, recordPagerAlert } from '../store/record-pager-alerts.ts'
import type { Tables } from '../store/tables.ts'
import { backoffMs } from '../transports/backoff.ts'
import { type AlertContent, alertKey } from './alert-content.ts'
import type { Pager, PagerAnswer } from './pager.ts'

/** A pager of the configuration with its connection. */
export interface ReadyPager {
  readonly definition: PagerDefinition
  readonly pager: Pager
}

/** Parts of {@link startPagerSender}. */
export interface PagerSenderOptions {
  readonly kysely: Kysely<Tables>
  readonly pagers: readonly ReadyPager[]
  readonly contentOf: (pagerAlert: ClaimedPagerAlert, pager: PagerDefinition) => AlertContent
  /** Longest time of one request. */
  readonly timeoutMs: number
  /** Called after a trigger has failed for good, so that the next tier may be called. */
  readonly onFailed?: (pagerAlert: ChangedPagerAlert) => Promise<void>
  readonly clock: Clock
  readonly metrics: Metrics
  readonly log: Log
}

/** The loop that tells services of pager alerts. */
export interface PagerSender {
  /** Looks for pager alerts now, for example after a transaction that wrote some. */
  wake(): void
  /** Claims no more, and ends once the requests in flight are recorded. */
  stop(): Promise<void>
}

/** Between two looks for pager alerts that another process wrote. */
const LOOK_MS = 2_000
/** After an error of the database. */
const RECOVER_MS = 5_000
/** Requests at once to one pager; as many as it has connections. */
const MOST_AT_ONCE = 8
/** Added to the time of a request until another process takes its pager alert over. */
const LEASE_MARGIN_MS = 10_000
const BACKOFF = { factor: 2, maxDelay: 60 }
/** Failed requests in a row until a pager alert has failed: about six hours. */
const MOST_FAILURES = 360
const KEY_WAIT_MS = 30_000
const THROTTLED_MS = 30_000
const FIRST_CHECK_MS = 500
const LONGEST_CHECK_MS = 15_000
/** Looks at an asynchronous request until it is made again: about five minutes. */
const MOST_CHECKS = 24

/** Starts to tell services of pager alerts, as long as their budgets go, the most urgent first. */
export async function startPagerSender(options: PagerSenderOptions): Promise<PagerSender> {
  const { kysely, pagers, clock, log } = options
  const budgets = pagers.map(({ definition: { name, perMinute, burst } }) => ({ name, budget: { perMinute, burst } }))
  await ensurePagers(kysely, budgets)
  let stopped = false
  const loops = pagers.map((ready, index) => {
    const budget = budgets[index]
    let cancelTimer = () => {}
    let running: Promise<void> | undefined
    let again = false

    async function round(): Promise<void> {
      let pauseMs = LOOK_MS
      try {
        do {
          again = false
          await releaseFolded(kysely)
          if (budget !== undefined && (await tellDue(ready, budget, options)) > 0) again = true
        } while (again && !stopped)
      } catch (error) {
        pauseMs = RECOVER_MS
        log.write('pager_alerts_not_read', { pager: ready.definition.name, err: error })
      }
      running = undefined
      if (!stopped) cancelTimer = clock.after(pauseMs, wake)
    }

    function wake(): void {
      if (stopped) return
      again = true
      cancelTimer()
      running ??= round()
    }
    return {
      wake,
      async stop() {
        cancelTimer()
        await running
      },
    }
  })
  const all: PagerSender = {
    wake() {
      for (const loop of loops) loop.wake()
    },
    async stop() {
      stopped = true
      await Promise.all(loops.map((loop) => loop.stop()))
    },
  }
  all.wake()
  return all
}

/** Claims due pager alerts of one pager and makes their requests side by side. Returns how many there were. */
async function tellDue(
  { definition, pager }: ReadyPager,
  budget: Parameters<typeof claimPagerAlerts>[1],
  options: PagerSenderOptions,
): Promise<number> {
  const { kysely, contentOf, timeoutMs, onFailed, metrics, log } = options
  const claimed = await claimPagerAlerts(kysely, budget, {
    leaseId: randomUUID(),
    leaseMs: 2 * timeoutMs + LEASE_MARGIN_MS,
    most: MOST_AT_ONCE,
  })
  await Promise.all(
    claimed.map(async (pagerAlert) => {
      const request = pagerAlert.requestId === null ? pagerAlert.request : (pagerAlert.requested ?? pagerAlert.request)
      const answer =
        pagerAlert.requestId === null
          ? await send(pager, request, pagerAlert, contentOf(pagerAlert, definition))
          : await pager.look(pagerAlert.requestId)
      const result = resultOf(pagerAlert, request, answer, Math.random())
      if (answer.kind === 'failed' && answer.code === 'throttled')
        await pausePager(kysely, definition.name, answer.retryAfterMs ?? THROTTLED_MS)
      const changed = await recordPagerAlert(kysely, pagerAlert, result)
      metrics.count('teams_pager_alerts_total', {
        pager: definition.name,
        request,
        outcome: answer.kind === 'failed' ? answer.code : answer.kind,
      })
      tell(log, pagerAlert, definition.name, request, result)
      if (changed?.changed && changed.state === 'failed' && request === 'trigger') await onFailed?.(changed)
    }),
  )
  return claimed.length
}

/** Sends a request. Before another alert of its event is opened, or ended, the one before it is ended. */
async function send(
  pager: Pager,
  request: PagerAlertRequest,
  pagerAlert: ClaimedPagerAlert,
  content: AlertContent,
): Promise<PagerAnswer> {
  if (pagerAlert.generation > 1 && request !== 'acknowledge') {
    const ended = await pager.send('resolve', {
      ...content,
      key: alertKey(pagerAlert.event.id, pagerAlert.generation - 1),
    })
    if (ended.kind === 'failed' && PAGER_ALERT_CODES[ended.code].retried) return ended
  }
  return pager.send(request, content)
}

function tell(
  log: Log,
  pagerAlert: ClaimedPagerAlert,
  pager: string,
  request: PagerAlertRequest,
  result: PagerAlertResult,
): void {
  const about = {
    pager,
    pager_alert_request: request,
    event_id: pagerAlert.event.id,
    correlation_id: pagerAlert.event.correlationId,
  }
  if (result.kind === 'accepted') log.write('pager_alert_accepted', about)
  else if (result.kind === 'refused') log.write('pager_alert_failed', { ...about, code: result.code })
  else if (result.kind === 'retry' && pagerAlert.failures === 0 && result.code !== 'throttled')
    log.write('pager_alert_delayed', { ...about, code: result.code })
}

/** What an answer means for the pager alert. Pure: `random` is from 0 to below 1. */
export function resultOf(
  pagerAlert: Pick<ClaimedPagerAlert, 'failures' | 'requestId'>,
  request: PagerAlertRequest,
  answer: PagerAnswer,
  random: number,
): PagerAlertResult {
  switch (answer.kind) {
    case 'accepted':
      return answer.requestId === undefined
        ? { kind: 'accepted', request, statusCode: answer.statusCode }
        : { ...answer, request, checkInMs: FIRST_CHECK_MS }
    case 'done':
      return { kind: 'done', request }
    case 'unprocessed':
      return unprocessed(pagerAlert.failures)
    case 'failed': {
      const { code, statusCode } = answer
      // A look that failed says nothing about the request that it asked for.
      if (pagerAlert.requestId !== null && code !== 'not_done') return unprocessed(pagerAlert.failures)
      if (!PAGER_ALERT_CODES[code].retried) return { kind: 'refused', request, code, statusCode }
      if (code === 'key_missing') return { kind: 'retry', code, statusCode, retryInMs: KEY_WAIT_MS, tried: false }
      if (pagerAlert.failures >= MOST_FAILURES) return { kind: 'refused', request, code: 'gave_up', statusCode }
      const retryInMs = answer.retryAfterMs ?? backoffMs(pagerAlert.failures + 1, BACKOFF, random)
      return { kind: 'retry', code, statusCode, retryInMs, tried: true }
    }
  }
}

function unprocessed(checks: number): PagerAlertResult {
  if (checks >= MOST_CHECKS)
    return { kind: 'retry', code: 'not_processed', statusCode: null, retryInMs: LONGEST_CHECK_MS, tried: true }
  return { kind: 'unprocessed', checkInMs: Math.min(FIRST_CHECK_MS * 2 ** checks, LONGEST_CHECK_MS) }
}
