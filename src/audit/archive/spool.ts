import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'

/** A file whose size and hash are known, as the header of an archive needs them. */
export interface SpooledFile {
  readonly path: string
  readonly size: number
  /** In hex. */
  readonly sha256: string
}

/** Writes a temporary file from one end to the other. */
export interface Spool {
  write(text: string): Promise<void>
  /** Closes the file. */
  end(): Promise<SpooledFile>
  /** Closes the file, whatever its state. */
  close(): Promise<void>
}

/** Readable by its owner only: it can have patients' data. */
const OWNER_ONLY = 0o600
const BUFFER_BYTES = 256 * 1024

/** Makes a new file. @throws an error of the file system */
export async function createSpool(path: string): Promise<Spool> {
  const file: FileHandle = await open(path, 'wx', OWNER_ONLY)
  const hash = createHash('sha256')
  let size = 0
  // One buffer for the whole file: a new one for each piece is memory outside of the heap, which V8 collects late.
  const buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES)
  let filled = 0
  let closed = false
  async function flush(bytes: Buffer): Promise<void> {
    hash.update(bytes)
    size += bytes.length
    await file.writeFile(bytes)
  }
  async function close(): Promise<void> {
    if (closed) return
    closed = true
    await file.close()
  }
  return {
    async write(text) {
      const length = Buffer.byteLength(text)
      if (filled + length > BUFFER_BYTES) {
        await flush(buffer.subarray(0, filled))
        filled = 0
      }
      if (length > BUFFER_BYTES) await flush(Buffer.from(text))
      else filled += buffer.write(text, filled)
    },
    async end() {
      await flush(buffer.subarray(0, filled))
      await close()
      return { path, size, sha256: hash.digest('hex') }
    },
    close,
  }
}
