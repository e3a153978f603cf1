import type { SourceCode } from '../../../src/contract/sources.ts'
import type { JsonObject } from '../../../src/kernel/json.ts'
import { createLog } from '../../../src/kernel/log.ts'
import { createMetrics } from '../../../src/metrics/metrics.ts'
import type { Source, SourceContext, SourceEvent } from '../../../src/sources/source.ts'

/** What one look of a source came to. */
export interface OneLook {
  readonly events: readonly SourceEvent[]
  /** Why it saw nothing; undefined where it saw its system. */
  readonly code: SourceCode | undefined
  readonly checkpoint: JsonObject
}

/** Lets a source look once, from a checkpoint. Its holding times should be 0. */
export async function lookOnce(source: Source, checkpoint: JsonObject = {}): Promise<OneLook> {
  const ended = new AbortController()
  const events: SourceEvent[] = []
  let code: SourceCode | undefined
  let saved = checkpoint
  const context: SourceContext = {
    checkpoint,
    signal: ended.signal,
    // The source waits for its next look.
    clock: {
      now: () => new Date(),
      after() {
        queueMicrotask(() => ended.abort())
        return () => {}
      },
    },
    log: createLog('silent'),
    metrics: createMetrics(),
    async accept(made, next) {
      events.push(...made)
      saved = next.checkpoint
    },
    async saw() {},
    couldNotSee(why) {
      code = why
    },
  }
  await source.run(context)
  return { events, code, checkpoint: saved }
}
