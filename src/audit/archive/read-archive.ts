import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { createTarDecoder, type ParsedTarEntry } from 'modern-tar'
import { codeOf } from '../../kernel/errors.ts'

/** Thrown for a file that is no `.tar.gz`, or of which a part is missing. */
export class InvalidArchive extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'InvalidArchive'
  }
}

/** A file of an archive, whose content is read once and before the next file. */
export interface ArchivedFile {
  readonly name: string
  /** The whole content. @throws InvalidArchive if it has more bytes than this */
  text(maxBytes: number): Promise<string>
  /** Each line, without its end. @throws InvalidArchive for a longer line */
  lines(end: string, maxBytes: number): AsyncGenerator<string, void>
  /** SHA-256 of the content in hex. Reads what was not read. */
  sha256(): Promise<string>
}

/**
 * Reads the files of an archive in their order, in little memory.
 *
 * @throws InvalidArchive
 * @throws an error of the file system
 */
export async function* readArchive(path: string): AsyncGenerator<ArchivedFile, void> {
  const source = createReadStream(path)
  const unzipped = createGunzip()
  source.on('error', (error) => unzipped.destroy(error))
  const decoder = createTarDecoder({ strict: true })
  const entries = Readable.toWeb(source.pipe(unzipped)).pipeThrough(decoder)
  try {
    for await (const entry of entries as AsyncIterable<ParsedTarEntry>) {
      const file = archivedFile(entry)
      yield file
      await file.sha256()
    }
  } catch (error) {
    throw readError(error)
  } finally {
    source.destroy()
  }
}

/** Errors of zlib and of the tar reader mean a broken archive. Of the file system, those that have a system call's code. */
function readError(error: unknown): unknown {
  if (error instanceof InvalidArchive || /^E[A-Z]+$/.test(codeOf(error) ?? '')) return error
  return new InvalidArchive('not a whole .tar.gz')
}

function archivedFile({ header, body }: ParsedTarEntry): ArchivedFile {
  const hash = createHash('sha256')
  let digest: string | undefined
  const chunks = body[Symbol.asyncIterator]()
  async function next(): Promise<Uint8Array | undefined> {
    try {
      const { value, done } = await chunks.next()
      if (done) return undefined
      hash.update(value)
      return value
    } catch (error) {
      throw readError(error)
    }
  }
  return {
    name: header.name,
    async text(maxBytes) {
      const read: Uint8Array[] = []
      let size = 0
      for (let chunk = await next(); chunk !== undefined; chunk = await next()) {
        size += chunk.length
        if (size > maxBytes) throw new InvalidArchive(`${header.name} is longer than ${maxBytes} bytes`)
        read.push(chunk)
      }
      return Buffer.concat(read).toString()
    },
    async *lines(end, maxBytes) {
      const tooLong = () => new InvalidArchive(`a line of ${header.name} is longer than ${maxBytes} bytes`)
      const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
      let rest = ''
      for (let chunk = await next(); chunk !== undefined; chunk = await next()) {
        const lines = (rest + decoder.decode(chunk, { stream: true })).split(end)
        rest = lines.pop() ?? ''
        if (rest.length > maxBytes) throw tooLong()
        for (const line of lines) yield line
      }
      rest += decoder.decode()
      if (rest !== '') yield rest
    },
    async sha256() {
      while (digest === undefined) if ((await next()) === undefined) digest = hash.digest('hex')
      return digest
    },
  }
}
