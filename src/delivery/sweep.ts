import type { Clock } from '../kernel/clock.ts'
import type { Log } from '../kernel/log.ts'

/** Milliseconds between two sweeps. */
const SWEEP_INTERVAL_MS = 1_000
/** Sweeps between two checks for what a step of the clock has left. */
const SWEEPS_PER_REPAIR = 60

/**
 * Looks every second for channels on which something is due and nobody is at work, and wakes their drains. Wake-ups
 * make delivery fast; this makes it certain: it needs no message to have arrived and no process to have survived.
 *
 * @returns how to stop; resolves when no look is under way
 */
export function startSweep(options: {
  readonly find: () => Promise<readonly string[]>
  /** Asked once a minute: mends what a step of the clock has left. */
  readonly repairWaits: () => Promise<void>
  readonly wake: (channel: string) => void
  readonly clock: Clock
  readonly log: Log
}): () => Promise<void> {
  const { find, repairWaits, wake, clock, log } = options
  let sweeps = 0
  let stopped = false
  let failing = false
  let callOff = () => {}
  let look: Promise<void> = Promise.resolve()

  async function sweep(): Promise<void> {
    try {
      if (sweeps++ % SWEEPS_PER_REPAIR === 0) await repairWaits()
      for (const channel of await find()) wake(channel)
      if (failing) log.write('sweep_recovered')
      failing = false
    } catch (error) {
      if (!failing) log.write('sweep_failed', { err: error })
      failing = true
    }
    if (!stopped) next()
  }
  function next(): void {
    callOff = clock.after(SWEEP_INTERVAL_MS, () => {
      look = sweep()
    })
  }
  look = sweep()

  return async () => {
    stopped = true
    callOff()
    await look
  }
}
