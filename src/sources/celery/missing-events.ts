import type { QueueFigures } from './queues.ts'

/** Time without events after which they count as missing. */
const MISSING_MS = 120_000
/** A task that has just left its queue may not have been reported yet. */
const SETTLE_MS = 10_000

/**
 * Why events of tasks are missing, if they are: workers send them only where they are told to, and then a night without failures looks
 * like one in which nothing was watched.
 *
 * - `switched_off`: tasks are sent or leave their queues, and no worker says so.
 * - `none_at_all`: workers consume the queues, and not even their heartbeats arrive.
 */
export function missingEvents(seen: {
  readonly now: number
  readonly linkUpAt: number
  /** When the last event came. */
  readonly eventAt: number
  /** When the last event of a worker about a task came. */
  readonly taskEventAt: number
  readonly movedAt: number | undefined
  readonly figures: readonly QueueFigures[]
}): 'switched_off' | 'none_at_all' | undefined {
  const { now, linkUpAt, eventAt, taskEventAt, movedAt = 0, figures } = seen
  if (now - Math.max(linkUpAt, eventAt) >= MISSING_MS && figures.some(({ consumers = 0 }) => consumers > 0))
    return 'none_at_all'
  const since = Math.max(linkUpAt, taskEventAt)
  return now - since >= MISSING_MS && movedAt > since + SETTLE_MS ? 'switched_off' : undefined
}
