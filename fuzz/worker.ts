import { parentPort, workerData } from 'node:worker_threads'
import { startCoverage } from './coverage.ts'
import type { Failure } from './failure.ts'
import { fuzz, type Tally } from './loop.ts'
import { createRandom } from './random.ts'
import { loadTarget } from './targets/table.ts'

/** What a worker is to run. */
export interface Work {
  /** URL of the target's file. */
  readonly file: string
  readonly seed: number
  /** Milliseconds; undefined for as long as `runs` takes. */
  readonly ms: number | undefined
  readonly runs: number | undefined
  readonly begin: readonly Uint8Array[]
  /** Whether to send the inputs that the corpus lacks. */
  readonly keep: boolean
  /** Shared with fuzz/watch.ts: a counter of inputs, the length of the running input, and its bytes. */
  readonly current: SharedArrayBuffer
}

/** Messages of a worker. */
export type WorkerMessage =
  | { readonly kind: 'open' }
  | { readonly kind: 'progress' | 'done'; readonly tally: Tally }
  | { readonly kind: 'new'; readonly input: Uint8Array }
  | { readonly kind: 'failure'; readonly failure: Failure }

async function work({ file, seed, ms, runs, begin, keep, current }: Work): Promise<void> {
  const port = parentPort
  if (!port) throw new Error('this file is started by fuzz/watch.ts')
  const send = (message: WorkerMessage) => port.postMessage(message)
  const head = new Int32Array(current, 0, 2)
  const room = Buffer.from(current, 8)
  const coverage = startCoverage(new URL('../src/', import.meta.url).href)
  const target = await loadTarget(file)
  const open = await target.open()
  send({ kind: 'open' })
  const until = ms === undefined ? Number.POSITIVE_INFINITY : performance.now() + ms
  let reportedAt = 0
  try {
    const tally = await fuzz({
      target,
      open,
      coverage,
      random: createRandom(seed),
      begin: begin.map((input) => Buffer.from(input)),
      over: (done) => performance.now() >= until || done >= (runs ?? Number.POSITIVE_INFINITY),
      onRun(input) {
        head[1] = input.copy(room)
        Atomics.add(head, 0, 1)
      },
      onNew: keep ? (input) => send({ kind: 'new', input }) : undefined,
      onFailure: (failure) => send({ kind: 'failure', failure }),
      onProgress(tally) {
        if (performance.now() - reportedAt < 1_000) return
        reportedAt = performance.now()
        send({ kind: 'progress', tally })
      },
    })
    send({ kind: 'done', tally })
  } finally {
    coverage.stop()
    await open.close()
  }
}

await work(workerData as Work)
