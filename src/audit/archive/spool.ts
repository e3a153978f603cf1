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
  let waiting: Buffer[] = []
  let waitingBytes = 0
  let closed = false
  async function flush(): Promise<void> {
    const bytes = Buffer.concat(waiting)
    waiting = []
    waitingBytes = 0
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
      const bytes = Buffer.from(text)
      waiting.push(bytes)
      waitingBytes += bytes.length
      if (waitingBytes >= BUFFER_BYTES) await flush()
    },
    async end() {
      await flush()
      await close()
      return { path, size, sha256: hash.digest('hex') }
    },
    close,
  }
}
