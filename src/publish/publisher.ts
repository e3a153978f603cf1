import { createClient } from 'redis'
import type { AcceptedEvent } from '../contract/events.ts'
import { type Clock, systemClock } from '../kernel/clock.ts'
import type { Log } from '../kernel/log.ts'
import type { Metrics } from '../metrics/metrics.ts'

/** Publishes accepted events to live listeners. Never holds the only copy: every event is in the database. */
export interface Publisher {
  /**
   * Publishes an event on the Redis channel of its type, `teams:events:<type>` by default. Returns at once and never throws; an
   * event that can not be sent is counted and dropped.
   */
  publish(event: AcceptedEvent): void
  /** Closes the connection, after at most half a second for unanswered messages. */
  close(): Promise<void>
}

/** Limit of bytes in unanswered messages. Above it, Redis is too slow or hangs, and events are dropped. */
const MAX_UNANSWERED_BYTES = 8 * 1024 * 1024
/** Memory of one message besides its text, so that many small messages reach the limit too. */
const MESSAGE_OVERHEAD_BYTES = 1024
/** A connection without any answer for this long, while answers are due, is dead, even if TCP still shows it as open. */
const ANSWER_TIMEOUT_MS = 5_000
/** Time-out from connecting until ready: a Redis that hangs accepts connections and never sends its greeting. */
const READY_TIMEOUT_MS = 10_000
const FIRST_RETRY_MS = 250
const LONGEST_RETRY_MS = 5_000
const CLOSE_TIMEOUT_MS = 500

type Client = ReturnType<typeof createConnection>

/** Makes a client for one connection. {@link createPublisher} reconnects, not the client. */
function createConnection(url: string) {
  return createClient({
    url,
    // Publishing needs no RESP 3, and Redis before 6 does not support it.
    RESP: 2,
    maintNotifications: 'disabled',
    // Queued in memory, the events of an outage would reach listeners late and exhaust the memory.
    disableOfflineQueue: true,
    socket: { reconnectStrategy: false, connectTimeout: READY_TIMEOUT_MS },
  })
}

/**
 * Makes a publisher that connects and reconnects by itself.
 *
 * ```
 * connecting --ready--> ready --error, or no answer for 5 s--> waiting --250 ms ... 5 s--> connecting
 *     '--error, or not ready after 10 s--> waiting
 * ```
 *
 * Rejected: the client's own reconnecting. It neither detects a Redis that hangs, nor times out a greeting that never comes.
 */
export function createPublisher(options: {
  readonly url: string
  /** Prefix of a Redis channel; the event type follows it. */
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
  /** Events missed in the current outage; undefined outside one. An outage logs one line at its start and one at its end. */
  let missed: number | undefined
  let cancelTimer = () => {}

  /** Runs a task after `ms` milliseconds, in place of the previous timer. */
  function setTimer(ms: number, task: () => void): void {
    cancelTimer()
    cancelTimer = clock.after(ms, task)
  }

  function connect(): void {
    const next = createConnection(url)
    client = next
    ready = false
    unanswered = 0
    unansweredBytes = 0
    next.on('error', (error: unknown) => disconnect(next, error))
    next.on('ready', () => {
      if (client !== next) return
      cancelTimer()
      ready = true
      retryMs = FIRST_RETRY_MS
      endOutage()
    })
    setTimer(READY_TIMEOUT_MS, () => disconnect(next, undefined))
    next.connect().catch((error: unknown) => disconnect(next, error))
  }

  function disconnect(lost: Client, error: unknown): void {
    if (client !== lost) return
    client = undefined
    ready = false
    startOutage(error)
    lost.destroy()
    if (closed) return
    setTimer(retryMs, connect)
    retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS)
  }

  function startOutage(error: unknown): void {
    if (missed !== undefined || closed) return
    missed = 0
    log.write('publish_failed', error === undefined ? {} : { err: error })
  }

  function endOutage(): void {
    if (missed === undefined) return
    log.write('publish_recovered', { missed })
    missed = undefined
  }

  function countMissed(): void {
    metrics.count('teams_publish_failures_total', {})
    if (missed !== undefined) missed += 1
  }

  function send(via: Client, event: AcceptedEvent): void {
    const message = JSON.stringify(messageOf(event))
    const bytes = message.length + MESSAGE_OVERHEAD_BYTES
    if (unansweredBytes + bytes > MAX_UNANSWERED_BYTES) {
      startOutage(undefined)
      countMissed()
      return
    }
    unanswered += 1
    unansweredBytes += bytes
    if (unanswered === 1) setTimer(ANSWER_TIMEOUT_MS, () => disconnect(via, undefined))
    const markAnswered = () => {
      if (client !== via) return
      unanswered -= 1
      unansweredBytes -= bytes
      if (unanswered === 0) cancelTimer()
      else setTimer(ANSWER_TIMEOUT_MS, () => disconnect(via, undefined))
    }
    via.publish(channelPrefix + event.eventType, message).then(
      () => {
        markAnswered()
        // Not after each answer: a Redis that is too slow would log failure and recovery in turns.
        if (unanswered === 0) endOutage()
      },
      (error: unknown) => {
        markAnswered()
        startOutage(error)
        countMissed()
      },
    )
  }

  connect()
  return {
    publish(event) {
      try {
        if (client && ready) send(client, event)
        else countMissed()
      } catch (error) {
        startOutage(error)
        countMissed()
      }
    },
    async close() {
      closed = true
      cancelTimer()
      const last = client
      client = undefined
      if (!last) return
      if (ready)
        await Promise.race([last.close().catch(() => {}), new Promise<void>((r) => clock.after(CLOSE_TIMEOUT_MS, r))])
      ready = false
      last.destroy()
    },
  }
}

/** The message that listeners get: the stored event, to which TEAMS_PHI_POLICY has been applied. */
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
