import { hash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { createTarPacker, type TarHeader } from 'modern-tar'
import type { SpooledFile } from './spool.ts'

/** Writes a `.tar.gz`, file by file. */
export interface ArchiveWriter {
  /** SHA-256 of each file added, in hex, by its name. */
  readonly hashes: Readonly<Record<string, string>>
  addText(name: string, text: string): Promise<void>
  addFile(name: string, file: SpooledFile): Promise<void>
  /** Writes the end, and resolves when everything is in the file. */
  end(): Promise<void>
  /** Gives up; the file then has no end. */
  abort(error: unknown): Promise<void>
}

/** Readable by its owner only: it can have patients' data. */
const OWNER_ONLY = 0o600
/** The tar stream would queue 8 MB before it makes its writer wait. */
const MAX_QUEUED_BYTES = 512 * 1024

/** Makes an archive in a new file. */
export function createArchive(path: string, madeAt: Date): ArchiveWriter {
  const { readable, controller } = createTarPacker()
  let queuedBytes = 0
  let resume: (() => void) | undefined
  async function* taken(): AsyncGenerator<Uint8Array, void> {
    for await (const chunk of readable) {
      queuedBytes -= chunk.length
      resume?.()
      yield chunk
    }
  }
  const written = pipeline(taken, createGzip(), createWriteStream(path, { mode: OWNER_ONLY, flags: 'wx', flush: true }))
  // Awaited by `end` and `abort`; a full disk must not be an unhandled rejection before.
  written.catch(() => undefined)
  const hashes: Record<string, string> = {}
  const headerOf = (name: string, size: number): TarHeader => ({ name, size, mode: 0o600, mtime: madeAt, type: 'file' })
  return {
    hashes,
    async addText(name, text) {
      const bytes = Buffer.from(text)
      hashes[name] = hash('sha256', bytes, 'hex')
      const writer = controller.add(headerOf(name, bytes.length)).getWriter()
      await writer.write(bytes)
      await writer.close()
    },
    async addFile(name, { path: source, size, sha256 }) {
      hashes[name] = sha256
      const writer = controller.add(headerOf(name, size)).getWriter()
      for await (const chunk of createReadStream(source)) {
        queuedBytes += chunk.length
        await writer.write(chunk)
        while (queuedBytes > MAX_QUEUED_BYTES) {
          const { promise, resolve } = Promise.withResolvers<void>()
          resume = resolve
          // Rejects where the archive can not be written, and nothing is taken any more.
          await Promise.race([promise, written])
        }
      }
      await writer.close()
    },
    async end() {
      controller.finalize()
      await written
    },
    async abort(error) {
      controller.error(error)
      await written.catch(() => undefined)
    },
  }
}
