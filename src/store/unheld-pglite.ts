import { isMainThread } from 'node:worker_threads'
import { PGlite } from '@electric-sql/pglite'

/** umask of new files: no rights for others. */
const OWNER_ONLY = 0o077

/**
 * Its own buffers, instead of PostgreSQL's 128 MB: these would be cleared at each start, which takes half of it, and stay in memory,
 * while the system keeps the same files in its own. Cards are sent as fast as with 128 MB (`npm run bench -- --only embedded`).
 */
const SHARED_BUFFERS = '16MB'

/**
 * PGlite with unref'd timers. After most queries PostgreSQL starts a ten-second timer for its statistics, and the next
 * query another one, so a program with a gateway in it would end a minute after its work, if at all. No setting turns
 * them off.
 *
 * They are started inside the call below, which is synchronous, so no other timer is affected. For the same reason it
 * can set a umask for this call only, which makes new files accessible to their owner only.
 */
export class UnheldPGlite extends PGlite {
  /** @param folder where its files are */
  constructor(folder: string) {
    super(folder, { startParams: [...PGlite.defaultStartParams, '-c', `shared_buffers=${SHARED_BUFFERS}`] })
  }

  override execProtocolRawSync(message: Uint8Array): Uint8Array {
    const start = globalThis.setTimeout
    const startUnheld = (task: () => void, ms: number) => start(task, ms).unref()
    globalThis.setTimeout = Object.assign(startUnheld, start)
    // A worker thread can not change the umask; there the folder's mode alone keeps others out.
    const before = isMainThread ? process.umask(OWNER_ONLY) : undefined
    try {
      return super.execProtocolRawSync(message)
    } finally {
      globalThis.setTimeout = start
      if (before !== undefined) process.umask(before)
    }
  }
}
