import { Worker } from 'node:worker_threads'
import type { Failure } from './failure.ts'
import type { Tally } from './loop.ts'
import { MAX_INPUT_BYTES } from './mutate/bytes.ts'
import type { Work, WorkerMessage } from './worker.ts'

/** After so long an input counts as endless; far more than a busy machine needs. */
export const MAX_RUN_MS = 30_000
const MAX_MEMORY_MB = 1_500

/** Callbacks of a watched worker. */
export interface Listener {
  progress(tally: Tally): void
  /** An input that the corpus lacks. */
  found(input: Buffer): void
  failure(failure: Failure): void
}

/**
 * Runs a piece of work in a thread of its own and watches it: an input that does not end, or that takes all memory, ends
 * the thread and is reported as a failure of `ends`, since the input lies in memory that both share.
 */
export function watch(
  work: Omit<Work, 'current'>,
  listener: Listener,
  maxRunMs = MAX_RUN_MS,
): Promise<Tally | undefined> {
  const current = new SharedArrayBuffer(8 + MAX_INPUT_BYTES * 4)
  const head = new Int32Array(current, 0, 2)
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: { ...work, current } satisfies Work,
    resourceLimits: { maxOldGenerationSizeMb: MAX_MEMORY_MB },
  })
  return new Promise((resolve, reject) => {
    let tally: Tally | undefined
    let open = false
    let ended = false
    let since = Date.now()
    let count = 0
    const timer = setInterval(() => {
      const now = Atomics.load(head, 0)
      if (now !== count || !open) since = Date.now()
      count = now
      if (Date.now() - since > maxRunMs) endless(`no end after ${maxRunMs / 1_000} s`)
    }, 500)
    const endless = (detail: string) => {
      ended = true
      clearInterval(timer)
      const input = Buffer.from(Buffer.from(current, 8, head[1] ?? 0))
      listener.failure({ property: 'ends', detail, where: [], input, thorough: true })
      worker.terminate().then(() => resolve(tally), reject)
    }
    worker.on('message', (news: WorkerMessage) => {
      if (news.kind === 'open') open = true
      else if (news.kind === 'new') listener.found(Buffer.from(news.input))
      else if (news.kind === 'failure') listener.failure(news.failure)
      else {
        tally = news.tally
        // Closing the database takes a while, in which no input runs.
        if (news.kind === 'done') clearInterval(timer)
        else listener.progress(news.tally)
      }
    })
    worker.on('error', (error: Error & { code?: string }) => {
      if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') endless(`more than ${MAX_MEMORY_MB} MB of memory`)
      else if (!ended) {
        ended = true
        clearInterval(timer)
        reject(error)
      }
    })
    worker.on('exit', () => {
      clearInterval(timer)
      if (!ended) resolve(tally)
    })
  })
}
