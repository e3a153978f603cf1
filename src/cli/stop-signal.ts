import { EXIT } from './exit-codes.ts'
import type { Output } from './output.ts'

/** Asks the process to stop: Ctrl-C, or whoever runs it as a service. */
export interface StopSignal {
  /** Aborted with the first signal. */
  readonly signal: AbortSignal
  /** Resolves with it. */
  readonly requested: Promise<void>
}

/** From now on the first SIGINT or SIGTERM asks for an orderly stop, and the second ends the process at once. */
export function listenForStop(output: Output): StopSignal {
  const stop = new AbortController()
  const requested = new Promise<void>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const)
      process.on(name, () => {
        if (stop.signal.aborted) {
          output.note(`${name} again: stopped at once. What was under way is sent again at the next start.`)
          process.exit(EXIT.no)
        }
        output.note(`${name}: stopping; cards under way are finished or handed back. A second signal stops at once.`)
        stop.abort()
        resolve()
      })
  })
  return { signal: stop.signal, requested }
}
