import { createClient } from 'redis'
import type { AcceptedEvent } from '../contract/events.ts'
import { type Clock, systemClock } from '../kernel/clock.ts'
import type { Log } from '../kernel/log.ts'
import type { Metrics } from '../metrics/metrics.ts'

/** Tells live listeners of accepted events. It never holds the only copy: whatever happens here, the event is in the database. */
export interface Publisher {
  /** Publishes on `teams:events:<type>`, or whatever the prefix is. Returns at once and never throws; what can not be sent is counted and dropped. */
  publish(event: AcceptedEvent): void
  /** Ends the connection, after at most half a second for what is under way. */
  close(): Promise<void>
}

/** Bytes of messages without an answer above which more are dropped: Redis is too slow, or hangs. */
const MOST_UNANSWERED_BYTES = 8 * 1024 * 1024
/** What one message costs in memory besides its text, so that many small ones count too. */
const COST_OF_MESSAGE = 1024
/** Silence for this long while answers are due means that the connection is dead, whatever TCP says. */
const ANSWER_MS = 5_000
/** A connection that is not ready by then is given up: a Redis that hangs accepts connections and never greets. */
const READY_MS = 10_000
const FIRST_RETRY_MS = 250
const LONGEST_RETRY_MS = 5_000
const CLOSE_MS = 500

type Client = ReturnType<typeof connection>

/** One connection; what to do after it is lost is decided below, not by the client. */
function connection(url: string) {
  return createClient({
    url,
    // Publishing needs nothing of RESP 3, and Redis before 6 does not speak it.
    RESP: 2,
    maintNotifications: 'disabled',
    // Kept in memory, events of an outage would reach listeners late and us out of memory.
    disableOfflineQueue: true,
    socket: { reconnectStrategy: false, connectTimeout: READY_MS },
  })
}

/**
 * Makes a publisher that connects, and reconnects, by itself.
 *
 * ```
 * connecting --ready--> ready --error, or no answer for 5 s--> waiting --250 ms ... 5 s--> connecting
 *     '--error, or not ready after 10 s--> waiting
 * ```
 *
 * The client's own reconnecting is not used: it neither notices a Redis that hangs, nor gives up a greeting that never comes.
 */
export function createPublisher(options: {
  readonly url: string
  /** What a Redis channel begins with; the event's type follows. */
  readonly channelPrefix: string
  readonly log: Log
  readonly metrics: Metrics
  readonly clock?: Clock
}): Publisher {
  const { url, channelPrefix, log, metrics, clock = systemClock } = options
  let client: Client | undefined
  let ready = false
  let closed = false
  let retryMs = FIRST_RETRY_MS
  let unanswered = 0
  let unansweredBytes = 0
  /** Events missed in this outage; undefined while all is well. One line is logged at each end of it, none per event. */
  let missed: number | undefined
  let cancelTimer = () => {}

  function within(ms: number, task: () => void): void {
    cancelTimer()
    cancelTimer = clock.after(ms, task)
  }

  function connect(): void {
    const next = connection(url)
    client = next
    ready = false
    unanswered = 0
    unansweredBytes = 0
    next.on('error', (error: unknown) => lose(next, error))
    next.on('ready', () => {
      if (client !== next) return
      cancelTimer()
      ready = true
      retryMs = FIRST_RETRY_MS
      recover()
    })
    within(READY_MS, () => lose(next, undefined))
    next.connect().catch((error: unknown) => lose(next, error))
  }

  function lose(lost: Client, error: unknown): void {
    if (client !== lost) return
    client = undefined
    ready = false
    trouble(error)
    lost.destroy()
    if (closed) return
    within(retryMs, connect)
    retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS)
  }

  function trouble(error: unknown): void {
    if (missed !== undefined || closed) return
    missed = 0
    log.write('publish_failed', error === undefined ? {} : { err: error })
  }

  function recover(): void {
    if (missed === undefined) return
    log.write('publish_recovered', { missed })
    missed = undefined
  }

  function miss(): void {
    metrics.count('teams_publish_failures_total', {})
    if (missed !== undefined) missed += 1
  }

  function send(via: Client, event: AcceptedEvent): void {
    const message = JSON.stringify(messageOf(event))
    const cost = message.length + COST_OF_MESSAGE
    if (unansweredBytes + cost > MOST_UNANSWERED_BYTES) {
      trouble(undefined)
      miss()
      return
    }
    unanswered += 1
    unansweredBytes += cost
    if (unanswered === 1) within(ANSWER_MS, () => lose(via, undefined))
    const answered = () => {
      if (client !== via) return
      unanswered -= 1
      unansweredBytes -= cost
      if (unanswered === 0) cancelTimer()
      else within(ANSWER_MS, () => lose(via, undefined))
    }
    via.publish(channelPrefix + event.eventType, message).then(
      () => {
        answered()
        // Not at each answer: a Redis that is too slow would otherwise be reported well and ill by turns.
        if (unanswered === 0) recover()
      },
      (error: unknown) => {
        answered()
        trouble(error)
        miss()
      },
    )
  }

  connect()
  return {
    publish(event) {
      try {
        if (client && ready) send(client, event)
        else miss()
      } catch (error) {
        trouble(error)
        miss()
      }
    },
    async close() {
      closed = true
      cancelTimer()
      const last = client
      client = undefined
      if (!last) return
      if (ready) await Promise.race([last.close().catch(() => {}), new Promise<void>((r) => clock.after(CLOSE_MS, r))])
      ready = false
      last.destroy()
    },
  }
}

/** An event as listeners get it: as it is stored, with patient data already dealt with. */
function messageOf(event: AcceptedEvent) {
  return {
    event_id: event.id,
    event_type: event.eventType,
    correlation_id: event.correlationId,
    priority: event.priority,
    stakeholders: event.stakeholders,
    data: event.data,
    occurred_at: event.occurredAt.toISOString(),
    accepted_at: event.acceptedAt.toISOString(),
    language: event.language ?? null,
  }
}
