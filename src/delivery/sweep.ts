import type { Clock } from '../kernel/clock.ts'
import type { Log } from '../kernel/log.ts'

/** Milliseconds between two sweeps. */
const SWEEP_INTERVAL_MS = 1_000
/** Sweeps between two searches for waits that a change of the database's clock made too long. */
const SWEEPS_PER_REPAIR = 60

/**
 * Starts the sweep: every second it finds channels that have due notifications and no turn, and wakes them. Wake-up
 * jobs make delivery fast; the sweep makes it certain, because it depends on no message and on no process that must
 * have survived.
 *
 * @returns stops the sweep; resolves when no sweep is running
 */
export function startSweep(options: {
  readonly find: () => Promise<readonly string[]>
  /** Called once a minute: ends waits that a change of the database's clock made too long. */
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
