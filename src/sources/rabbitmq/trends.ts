import type { Queue } from './queues.ts'

/** What several looks at a queue show together. */
export interface Trend {
  /** True where the queue was longer at every look of a half of the time for which growth is watched than at any look of the half before. */
  readonly growing: boolean
  /** Messages per second by which it became longer; negative where it became shorter, undefined after the first look. */
  readonly rate: number | undefined
  /** Messages that came into it within the time for which growth is watched; less where it was emptied meanwhile. */
  readonly grown: number
  /** For how long messages have waited, and none of them was given to a consumer. */
  readonly idleMs: number
}

/** Remembers the lengths of queues from look to look. */
export interface Trends {
  /**
   * Notes the queues of a look, and forgets others. Returns what is known of them, by subject.
   *
   * @param remembered lengths of queues that another process saw last: what came in since counts for queues that are seen first
   */
  note(queues: readonly Queue[], nowMs: number, remembered?: ReadonlyMap<string, number>): ReadonlyMap<string, Trend>
}

/** Lengths that were seen within a time. */
interface Span {
  readonly fromMs: number
  readonly first: number
  readonly least: number
  readonly most: number
}

/** What is remembered of a queue. */
interface History {
  readonly span: Span
  readonly before: Span | undefined
  readonly growing: boolean
  readonly delivered: number
  readonly waiting: boolean
  /** When a message was given to a consumer last, or began to wait. */
  readonly idleSinceMs: number
  readonly seenMs: number
}

/**
 * Makes the memory of a source. It keeps two spans of each queue instead of all lengths, and is that of one process: after a restart,
 * growth and waiting count from the first look.
 *
 * The rates of the management API are not used: they are those of seconds, and RabbitMQ can be told not to measure them.
 */
export function createTrends(growthMs: number): Trends {
  let histories = new Map<string, History>()
  return {
    note(queues, nowMs, remembered) {
      const trends = new Map<string, Trend>()
      const next = new Map<string, History>()
      for (const queue of queues) {
        const { subject, ready, messages = ready } = queue
        const known = histories.get(subject)
        if (ready === undefined || messages === undefined) {
          if (known !== undefined) next.set(subject, known)
          continue
        }
        const isRecent = known !== undefined && nowMs - known.seenMs <= growthMs
        const least = known === undefined ? remembered?.get(subject) : undefined
        const history = advance(isRecent ? known : undefined, { queue, ready, messages, least }, nowMs, growthMs)
        next.set(subject, history)
        trends.set(subject, trendOf(history, messages, ready, nowMs))
      }
      histories = next
      return trends
    },
  }
}

interface Lengths {
  readonly queue: Queue
  readonly ready: number
  readonly messages: number
  /** Length that was seen before, if it was. */
  readonly least: number | undefined
}

function advance(
  known: History | undefined,
  { queue, ready, messages, least = messages }: Lengths,
  nowMs: number,
  growthMs: number,
): History {
  const fresh: Span = { fromMs: nowMs, first: messages, least: Math.min(least, messages), most: messages }
  const { delivered } = queue
  const isIdle = known?.waiting && ready > 0 && known.delivered === delivered
  const common = { delivered, waiting: ready > 0, idleSinceMs: isIdle ? known.idleSinceMs : nowMs, seenMs: nowMs }
  if (known === undefined) return { ...common, span: fresh, before: undefined, growing: false }
  const { span, before, growing } = known
  if (nowMs - span.fromMs >= growthMs / 2) {
    // Not one that was filled at once, and stays as long as it is since.
    const isLonger = before !== undefined && span.least > before.most && messages > span.first
    return { ...common, span: fresh, before: span, growing: isLonger }
  }
  return {
    ...common,
    span: { ...span, least: Math.min(span.least, messages), most: Math.max(span.most, messages) },
    before,
    growing: growing && messages >= (before?.least ?? 0),
  }
}

function trendOf(
  { span, before, growing, idleSinceMs }: History,
  messages: number,
  ready: number,
  nowMs: number,
): Trend {
  const from = before ?? span
  const seconds = (nowMs - from.fromMs) / 1000
  return {
    growing,
    rate: seconds > 0 ? (messages - from.first) / seconds : undefined,
    grown: messages - Math.min(span.least, from.least),
    idleMs: ready > 0 ? nowMs - idleSinceMs : 0,
  }
}
