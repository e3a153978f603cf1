import { isMainThread } from 'node:worker_threads'
import { PGlite } from '@electric-sql/pglite'

/** Files that are made have no rights for others. */
const OWNER_ONLY = 0o077

/**
 * PGlite that does not keep the process alive. After most queries PostgreSQL starts a timer of ten seconds for its statistics,
 * and the next query another one, so that a program with a gateway in it would end a minute after its work, if at all. No
 * setting turns them off. They are started inside the call below, which is synchronous: nobody else's timer is
 * started meanwhile. For the same reason it may have a umask of its own, so that what it makes is its owner's alone,
 * and not what the host program makes.
 */
export class UnheldPGlite extends PGlite {
  override execProtocolRawSync(message: Uint8Array): Uint8Array {
    const start = globalThis.setTimeout
    const startUnheld = (task: () => void, ms: number) => start(task, ms).unref()
    globalThis.setTimeout = Object.assign(startUnheld, start)
    // A worker thread may not change it; there the folder alone keeps others out.
    const before = isMainThread ? process.umask(OWNER_ONLY) : undefined
    try {
      return super.execProtocolRawSync(message)
    } finally {
      globalThis.setTimeout = start
      if (before !== undefined) process.umask(before)
    }
  }
}
