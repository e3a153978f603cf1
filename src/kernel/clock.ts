/** The process's clock and timers. Passed in, so that tests set the time and need not wait. */
export interface Clock {
  now(): Date
  /** Runs `task` once after `ms` milliseconds; the returned function cancels it. */
  after(ms: number, task: () => void): () => void
}

/** The system clock. Its timers are unref'd: they do not keep the process alive, so work that has to finish is awaited. */
export const systemClock: Clock = {
  now: () => new Date(),
  after(ms, task) {
    // setTimeout runs a task at once for a delay of more than 31 bits.
    const timer = setTimeout(task, Math.min(ms, 0x7fffffff))
    timer.unref()
    return () => clearTimeout(timer)
  },
}

/** Resolves after `ms` milliseconds, or as soon as `signal` is aborted. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const done = () => {
      cancel()
      signal.removeEventListener('abort', done)
      resolve()
    }
    const cancel = clock.after(ms, done)
    signal.addEventListener('abort', done)
  })
}
