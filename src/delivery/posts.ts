import type { ClaimedNotification } from '../store/claim.ts'
import type { Attempt } from './attempt.ts'

/** The posts of one turn: those in flight, and the finished attempts that are not recorded yet. */
export interface Posts {
  start(claimed: readonly ClaimedNotification[]): void
  /** Number of posts in flight. */
  readonly inFlight: number
  /** True while there are finished attempts that are not recorded. */
  readonly hasUnrecorded: boolean
  /** Returns the finished attempts not yet recorded, oldest first; resets {@link changed}. */
  collect(): readonly Attempt[]
  /** Drops the oldest `count` finished attempts: they are recorded. */
  markRecorded(count: number): void
  /** Resolves {@link changed}, for a reason other than a finished post. */
  wake(): void
  /** Resolves when no post is in flight, or after `timeoutMs`. */
  drained(timeoutMs: number): Promise<void>
  /** Resolves when a post finishes or `wake` is called; at once, where that happened since the last {@link collect}. */
  changed(): Promise<void>
}

/** Makes the posts of a turn. `make` never throws. */
export function createPosts(make: (notification: ClaimedNotification) => Promise<Attempt>): Posts {
  let inFlight = 0
  let finished: Attempt[] = []
  let change = Promise.withResolvers<void>()
  let onDrained = () => {}

  async function run(notification: ClaimedNotification): Promise<void> {
    inFlight += 1
    const attempt = await make(notification)
    inFlight -= 1
    finished.push(attempt)
    change.resolve()
    if (inFlight === 0) onDrained()
  }

  return {
    start(claimed) {
      for (const one of claimed) void run(one)
    },
    get inFlight() {
      return inFlight
    },
    get hasUnrecorded() {
      return finished.length > 0
    },
    collect() {
      change = Promise.withResolvers<void>()
      return [...finished]
    },
    markRecorded(count) {
      finished = finished.slice(count)
    },
    drained: (timeoutMs) =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, timeoutMs)
        onDrained = () => {
          clearTimeout(timer)
          resolve()
        }
        if (inFlight === 0) onDrained()
      }),
    wake: () => change.resolve(),
    changed: () => change.promise,
  }
}
