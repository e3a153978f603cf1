import { onTestFinished } from 'vitest'
import type { SourceCode } from '../../../src/contract/sources.ts'
import { systemClock } from '../../../src/kernel/clock.ts'
import type { JsonObject } from '../../../src/kernel/json.ts'
import { createLog } from '../../../src/kernel/log.ts'
import { createMetrics } from '../../../src/metrics/metrics.ts'
import { type Source, type SourceEvent, SourceProblem } from '../../../src/sources/source.ts'

/** A source that watches until the test ends. */
export interface Watched {
  readonly events: SourceEvent[]
  checkpoint: JsonObject
  /** Looks that succeeded. */
  looks: number
  /** Why the source does not see; undefined where it does. */
  code: SourceCode | undefined
  /** Stops it, as a replica that ends does. */
  stop(): Promise<void>
}

/** Runs a source from a checkpoint, and keeps what it writes. */
export function watchSource(source: Source, checkpoint: JsonObject = {}): Watched {
  const ended = new AbortController()
  const watched: Watched = {
    events: [],
    checkpoint,
    looks: 0,
    code: undefined,
    async stop() {
      ended.abort()
      await running
    },
  }
  const running = run()
  async function run(): Promise<void> {
    while (!ended.signal.aborted) {
      try {
        await source.run({
          checkpoint: watched.checkpoint,
          signal: ended.signal,
          clock: systemClock,
          log: createLog('silent'),
          metrics: createMetrics(),
          async accept(made, next) {
            watched.events.push(...made)
            watched.checkpoint = next.checkpoint
          },
          async saw() {
            watched.looks += 1
            watched.code = undefined
          },
          couldNotSee(code) {
            watched.code = code
          },
        })
      } catch (error) {
        if (!(error instanceof SourceProblem)) throw error
        watched.code = error.code
      }
    }
  }
  onTestFinished(() => watched.stop())
  return watched
}
