import type { Readable } from 'node:stream'

/** Of a receiver's body only this much is read: it is looked through for an error code and then forgotten. */
export const MAX_BODY_BYTES = 65_536

/** As much of a body as came, and whether that was all of it, so that its connection can be used again. */
export interface ReadBody {
  readonly text: string
  readonly complete: boolean
}

/** Reads the start of a body. Never throws: a body that is cut, reset or aborted gives what came before. */
export async function readBody(body: Readable): Promise<ReadBody> {
  const chunks: Buffer[] = []
  let length = 0
  let complete = true
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk.subarray(0, MAX_BODY_BYTES - length))
      length += chunk.length
      if (length > MAX_BODY_BYTES) {
        complete = false
        break
      }
    }
  } catch {
    complete = false
  }
  return { text: Buffer.concat(chunks).toString('utf8'), complete }
}
