// Not its names: Node 20 has no createZstdDecompress, and would say that before require-node.ts says which Node is needed.
import zlib from 'node:zlib'

/** Decoders by the name in Content-Encoding. A body that ends early is decoded as far as it goes. */
const DECODERS = new Map([
  ['gzip', () => zlib.createGunzip({ finishFlush: zlib.constants.Z_SYNC_FLUSH })],
  ['x-gzip', () => zlib.createGunzip({ finishFlush: zlib.constants.Z_SYNC_FLUSH })],
  ['deflate', () => zlib.createInflate({ finishFlush: zlib.constants.Z_SYNC_FLUSH })],
  ['br', () => zlib.createBrotliDecompress({ finishFlush: zlib.constants.BROTLI_OPERATION_FLUSH })],
  ['zstd', () => zlib.createZstdDecompress({ finishFlush: zlib.constants.ZSTD_e_flush })],
])

/**
 * The start of a body as text, at most `limit` bytes of it. No post asks for compression, but fronts compress all the same, and
 * the error code in there decides whether a card waits or is given up.
 *
 * Only a compressed body gives a promise; that never rejects, and what can not be decoded comes to what could be.
 */
export function bodyText(
  bytes: Buffer,
  encoding: string | readonly string[] | undefined,
  limit: number,
): string | Promise<string> {
  const decoder = DECODERS.get(
    String(encoding ?? '')
      .trim()
      .toLowerCase(),
  )
  return decoder === undefined || bytes.length === 0 ? bytes.toString('utf8') : decode(decoder(), bytes, limit)
}

async function decode(
  stream: ReturnType<typeof zlib.createGunzip | typeof zlib.createBrotliDecompress>,
  bytes: Buffer,
  limit: number,
): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  try {
    stream.end(bytes)
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      chunks.push(chunk.subarray(0, limit - length))
      length += chunk.length
      // 64 KB of gzip can be 64 MB of text: what is beyond the limit is not made.
      if (length >= limit) break
    }
  } catch {
    // What came before the damage counts.
  }
  return Buffer.concat(chunks).toString('utf8')
}
