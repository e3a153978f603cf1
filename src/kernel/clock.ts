/** The process's clock and timers. Passed in, so that tests decide what time it is and wait for no second. */
export interface Clock {
  /** Now. */
  now(): Date
  /** Runs `task` once after `ms` milliseconds; the returned function calls it off. */
  after(ms: number, task: () => void): () => void
}

/** The real clock. Its timers do not keep the process alive: what has to finish is awaited by somebody. */
export const systemClock: Clock = {
  now: () => new Date(),
  after(ms, task) {
    const timer = setTimeout(task, Math.min(ms, 0x7fffffff))
    timer.unref()
    return () => clearTimeout(timer)
  },
}
