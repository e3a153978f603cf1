import { PGlite } from '@electric-sql/pglite'

/**
 * PGlite that does not keep the process alive. After most queries PostgreSQL starts a timer of ten seconds for its statistics,
 * and the next query another one, so that a program with a gateway in it would end a minute after its work, if at all. No
 * setting turns them off. They are started inside the call below, which is synchronous: nobody else's timer is
 * started meanwhile.
 */
export class UnheldPGlite extends PGlite {
  override execProtocolRawSync(message: Uint8Array): Uint8Array {
    const start = globalThis.setTimeout
    const startUnheld = (task: () => void, ms: number) => start(task, ms).unref()
    globalThis.setTimeout = Object.assign(startUnheld, start)
    try {
      return super.execProtocolRawSync(message)
    } finally {
      globalThis.setTimeout = start
    }
  }
}
