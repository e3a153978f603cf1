/** Events that wait to be written; of more, the new ones are dropped and counted. */
const MOST_PENDING = 10_000
/** Events of one transaction. */
const BATCH = 500

/** Events that wait to be written, bounded. */
export interface Pending<T> {
  add(event: T): void
  /** The oldest events, at most 500; they stay until `written` is called. */
  batch(): readonly T[]
  written(count: number): void
  readonly size: number
  /** Events that were dropped since the last call. */
  takeDropped(): number
}

/** Makes an empty list of events that wait. */
export function createPending<T>(most: number = MOST_PENDING): Pending<T> {
  let events: T[] = []
  let dropped = 0
  return {
    add(event) {
      if (events.length >= most) dropped += 1
      else events.push(event)
    },
    batch: () => events.slice(0, BATCH),
    written(count) {
      events = events.slice(count)
    },
    get size() {
      return events.length
    },
    takeDropped() {
      const count = dropped
      dropped = 0
      return count
    },
  }
}
