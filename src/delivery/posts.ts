import type { ClaimedNotification } from '../store/claim.ts'
import type { Attempt } from './attempt.ts'

/** The posts of one turn that are under way, and those that came back. */
export interface Posts {
  start(held: readonly ClaimedNotification[]): void
  /** How many are under way. */
  readonly size: number
  /** True when some came back that are not recorded yet. */
  readonly hasFinished: boolean
  /** Those, in the order in which they came. What changes from now on resolves {@link change} anew. */
  look(): readonly Attempt[]
  /** The first so many of them are recorded. */
  forget(count: number): void
  /** Wakes whoever waits for {@link change}: something else has happened. */
  poke(): void
  /** Resolves when no post is under way any more, or after so many milliseconds. */
  others(ms: number): Promise<void>
  /** Resolves when a post comes back or somebody pokes; at once, where that happened since the last {@link look}. */
  change(): Promise<void>
}

/** Keeps the posts of a turn. `make` never throws. */
export function createPosts(make: (held: ClaimedNotification) => Promise<Attempt>): Posts {
  let underWay = 0
  let finished: Attempt[] = []
  let changed = Promise.withResolvers<void>()
  let allBack = () => {}

  async function run(held: ClaimedNotification): Promise<void> {
    underWay += 1
    const attempt = await make(held)
    underWay -= 1
    finished.push(attempt)
    changed.resolve()
    if (underWay === 0) allBack()
  }

  return {
    start(held) {
      for (const one of held) void run(one)
    },
    get size() {
      return underWay
    },
    get hasFinished() {
      return finished.length > 0
    },
    look() {
      changed = Promise.withResolvers<void>()
      return [...finished]
    },
    forget(count) {
      finished = finished.slice(count)
    },
    others: (ms) =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, ms)
        allBack = () => {
          clearTimeout(timer)
          resolve()
        }
        if (underWay === 0) allBack()
      }),
    poke: () => changed.resolve(),
    change: () => changed.promise,
  }
}
