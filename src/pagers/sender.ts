import { randomUUID } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { PagerDefinition } from '../catalogue/pagers.ts'
import { PAGE_CODES, type PageRequest } from '../contract/pages.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Log } from '../kernel/log.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { type ClaimedPage, claimPages, ensurePagers, pausePager, releaseFolded } from '../store/claim-pages.ts'
import { type ChangedPage, type PageResult, recordPage } from '../store/record-pages.ts'
import type { Tables } from '../store/tables.ts'
import { backoffMs } from '../transports/backoff.ts'
import { type Alert, alertKey } from './alert.ts'
import type { Pager, PagerAnswer } from './pager.ts'

/** A pager of the configuration with its connection. */
export interface ReadyPager {
  readonly definition: PagerDefinition
  readonly pager: Pager
}

/** Parts of {@link startPages}. */
export interface PagesOptions {
  readonly kysely: Kysely<Tables>
  readonly pagers: readonly ReadyPager[]
  readonly alertOf: (page: ClaimedPage, pager: PagerDefinition) => Alert
  /** Longest time of one request. */
  readonly timeoutMs: number
  /** Called after a page has failed for good, so that the next tier may be called. */
  readonly onFailed?: (page: ChangedPage) => Promise<void>
  readonly clock: Clock
  readonly metrics: Metrics
  readonly log: Log
}

/** The loop that tells services of pages. */
export interface Pages {
  /** Looks for pages now, for example after a transaction that wrote some. */
  wake(): void
  /** Claims no more, and ends once the requests in flight are recorded. */
  stop(): Promise<void>
}

/** Between two looks for pages that another process wrote. */
const LOOK_MS = 2_000
/** After an error of the database. */
const RECOVER_MS = 5_000
/** Requests at once to one pager; as many as it has connections. */
const MOST_AT_ONCE = 8
/** Added to the time of a request until another process takes its page over. */
const LEASE_MARGIN_MS = 10_000
const BACKOFF = { factor: 2, maxDelay: 60 }
/** Failed requests in a row until a page has failed: about six hours. */
const MOST_FAILURES = 360
const KEY_WAIT_MS = 30_000
const THROTTLED_MS = 30_000
const FIRST_CHECK_MS = 500
const LONGEST_CHECK_MS = 15_000
/** Looks at an asynchronous request until it is made again: about five minutes. */
const MOST_CHECKS = 24

/** Starts to tell services of pages, as long as their budgets go, the most urgent first. */
export async function startPages(options: PagesOptions): Promise<Pages> {
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
        log.write('pages_not_read', { pager: ready.definition.name, err: error })
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
  const all: Pages = {
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

/** Claims due pages of one pager and makes their requests side by side. Returns how many there were. */
async function tellDue(
  { definition, pager }: ReadyPager,
  budget: Parameters<typeof claimPages>[1],
  options: PagesOptions,
): Promise<number> {
  const { kysely, alertOf, timeoutMs, onFailed, metrics, log } = options
  const claimed = await claimPages(kysely, budget, {
    leaseId: randomUUID(),
    leaseMs: 2 * timeoutMs + LEASE_MARGIN_MS,
    most: MOST_AT_ONCE,
  })
  await Promise.all(
    claimed.map(async (page) => {
      const request = page.requestId === null ? page.request : (page.requested ?? page.request)
      const answer =
        page.requestId === null
          ? await send(pager, request, page, alertOf(page, definition))
          : await pager.look(page.requestId)
      const result = resultOf(page, request, answer, Math.random())
      if (answer.kind === 'failed' && answer.code === 'throttled')
        await pausePager(kysely, definition.name, answer.retryAfterMs ?? THROTTLED_MS)
      const changed = await recordPage(kysely, page, result)
      metrics.count('teams_pages_total', {
        pager: definition.name,
        request,
        outcome: answer.kind === 'failed' ? answer.code : answer.kind,
      })
      tell(log, page, definition.name, request, result)
      if (changed?.changed && changed.state === 'failed') await onFailed?.(changed)
    }),
  )
  return claimed.length
}

/** Sends a request. Before another alert of its event is opened, or ended, the one before it is ended. */
async function send(pager: Pager, request: PageRequest, page: ClaimedPage, alert: Alert): Promise<PagerAnswer> {
  if (page.generation > 1 && request !== 'acknowledge') {
    const ended = await pager.send('resolve', { ...alert, key: alertKey(page.event.id, page.generation - 1) })
    if (ended.kind === 'failed' && PAGE_CODES[ended.code].retried) return ended
  }
  return pager.send(request, alert)
}

function tell(log: Log, page: ClaimedPage, pager: string, request: PageRequest, result: PageResult): void {
  const about = { pager, page_request: request, event_id: page.event.id, correlation_id: page.event.correlationId }
  if (result.kind === 'accepted') log.write('page_accepted', about)
  else if (result.kind === 'refused') log.write('page_failed', { ...about, code: result.code })
  else if (result.kind === 'retry' && page.failures === 0 && result.code !== 'throttled')
    log.write('page_delayed', { ...about, code: result.code })
}

/** What an answer means for the page. Pure: `random` is from 0 to below 1. */
export function resultOf(
  page: Pick<ClaimedPage, 'failures' | 'requestId'>,
  request: PageRequest,
  answer: PagerAnswer,
  random: number,
): PageResult {
  switch (answer.kind) {
    case 'accepted':
      return answer.requestId === undefined
        ? { kind: 'accepted', request, statusCode: answer.statusCode }
        : { ...answer, request, checkInMs: FIRST_CHECK_MS }
    case 'done':
      return { kind: 'done', request }
    case 'unprocessed':
      return unprocessed(page.failures)
    case 'failed': {
      const { code, statusCode } = answer
      // A look that failed says nothing about the request that it asked for.
      if (page.requestId !== null && code !== 'not_done') return unprocessed(page.failures)
      if (!PAGE_CODES[code].retried) return { kind: 'refused', request, code, statusCode }
      if (code === 'key_missing') return { kind: 'retry', code, statusCode, retryInMs: KEY_WAIT_MS, tried: false }
      if (page.failures >= MOST_FAILURES) return { kind: 'refused', request, code: 'gave_up', statusCode }
      const retryInMs = answer.retryAfterMs ?? backoffMs(page.failures + 1, BACKOFF, random)
      return { kind: 'retry', code, statusCode, retryInMs, tried: true }
    }
  }
}

function unprocessed(checks: number): PageResult {
  if (checks >= MOST_CHECKS)
    return { kind: 'retry', code: 'not_processed', statusCode: null, retryInMs: LONGEST_CHECK_MS, tried: true }
  return { kind: 'unprocessed', checkInMs: Math.min(FIRST_CHECK_MS * 2 ** checks, LONGEST_CHECK_MS) }
}
