/** What a look found about a queue. */
export interface QueueFigures {
  readonly queue: string
  /** False where the broker has no such queue. */
  readonly exists: boolean
  /** Tasks that wait. */
  readonly waiting: number
  /** Consumers; undefined where the broker does not count them, as Redis. */
  readonly consumers: number | undefined
}

/** What is known about a queue over several looks. */
export interface QueueView extends QueueFigures {
  /** Tasks by which it grew in a minute; undefined until it was looked at for so long. */
  readonly perMinute: number | undefined
  /** How long its oldest task waits at least, in seconds; undefined where Celery sends no `task-sent` events. */
  readonly oldestSeconds: number | undefined
}

/** Time over which growth is measured. */
const GROWTH_MS = 300_000
const SHORTEST_GROWTH_MS = 60_000
/** Seconds with sent tasks that are remembered for a queue: an hour of continuous sending. */
const MOST_SECONDS = 3_600

interface History {
  /** Lengths of earlier looks, the oldest first. */
  lengths: { readonly at: number; readonly waiting: number }[]
  /** Tasks sent, by the second, the oldest first. */
  sent: { readonly second: number; count: number }[]
}

/** Follows the watched queues from look to look. */
export interface Queues {
  /** Notes that a task was sent to a queue now. */
  sent(queue: string, now: number): void
  /** Takes the figures of a look. */
  look(figures: readonly QueueFigures[], now: number): readonly QueueView[]
  /** When tasks were last seen to be sent, or to leave a queue. */
  readonly movedAt: number | undefined
}

/** Makes the histories of the named queues; others are not followed. */
export function createQueues(names: readonly string[]): Queues {
  const histories = new Map<string, History>(names.map((name) => [name, { lengths: [], sent: [] }]))
  let movedAt: number | undefined

  return {
    sent(queue, now) {
      movedAt = now
      const history = histories.get(queue)
      if (history === undefined) return
      const second = Math.floor(now / 1000)
      const last = history.sent.at(-1)
      if (last?.second === second) last.count += 1
      else history.sent.push({ second, count: 1 })
      if (history.sent.length > MOST_SECONDS) history.sent.shift()
    },
    look: (figures, now) =>
      figures.map((queue) => {
        const history = histories.get(queue.queue)
        if (history === undefined) return { ...queue, perMinute: undefined, oldestSeconds: undefined }
        // A clock that was set back makes older looks ones of the future.
        const lengths = history.lengths.filter(({ at }) => at <= now && now - at <= GROWTH_MS)
        const previous = lengths.at(-1)
        if (previous !== undefined && queue.waiting < previous.waiting) movedAt = now
        const perMinute = growthOf(lengths, queue.waiting, now)
        history.lengths = [...lengths, { at: now, waiting: queue.waiting }]
        return { ...queue, perMinute, oldestSeconds: oldestOf(history.sent, queue.waiting, now) }
      }),
    get movedAt() {
      return movedAt
    },
  }
}

function growthOf(lengths: History['lengths'], waiting: number, now: number): number | undefined {
  const [first] = lengths
  if (first === undefined || now - first.at < SHORTEST_GROWTH_MS) return undefined
  return Math.round(((waiting - first.waiting) * 60_000) / (now - first.at))
}

/**
 * The age of the oldest of `waiting` tasks, by when tasks were sent: queues are read in order, so it is the one that was sent as the
 * `waiting`-th last. Where fewer were seen to be sent, it is older than all of them, and at least that is known.
 */
function oldestOf(sent: History['sent'], waiting: number, now: number): number | undefined {
  if (waiting === 0 || sent.length === 0) return undefined
  let left = waiting
  for (const { second, count } of sent.toReversed()) {
    left -= count
    if (left <= 0) return ageOf(second, now)
  }
  const [first] = sent
  return first && ageOf(first.second, now)
}

const ageOf = (second: number, now: number) => Math.max(0, Math.round(now / 1000 - second))
