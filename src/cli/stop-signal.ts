import { EXIT } from '../kernel/exit-codes.ts'
import { whenNpmIsGone } from './npm-parent.ts'
import type { Output } from './output.ts'

/** Asks the process to stop: Ctrl-C, or whoever runs it as a service. */
export interface StopSignal {
  /** Aborted with the first signal. */
  readonly signal: AbortSignal
  /** Resolves with it. */
  readonly requested: Promise<void>
}

/**
 * From now on the first SIGINT or SIGTERM asks for an orderly stop, and the second ends the process at once. So does the end of
 * npm where that started the process, see {@link whenNpmIsGone}.
 */
export function listenForStop(output: Output): StopSignal {
  const stop = new AbortController()
  const requested = new Promise<void>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const)
      process.on(name, () => {
        if (stop.signal.aborted) {
          output.note(`${name} again: stopped at once. What was under way is sent again at the next start.`)
          process.exit(EXIT.no)
        }
        begin(name)
      })
    whenNpmIsGone(() => {
      // Ctrl-C reaches npm and this process alike.
      if (!stop.signal.aborted) begin('npm, which started this, is gone')
    })
    function begin(why: string): void {
      output.note(`${why}: stopping; cards under way are finished or handed back. A second signal stops at once.`)
      stop.abort()
      resolve()
    }
  })
  return { signal: stop.signal, requested }
}
