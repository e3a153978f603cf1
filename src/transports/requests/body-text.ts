// A default import: Node 20 has no createZstdDecompress, and a named import of it would fail before require-node.ts
// reports the Node version that is needed.
import zlib from 'node:zlib'

/** Decoders by Content-Encoding. The flush options make them decode a truncated body as far as it goes. */
const DECODERS = new Map([
  ['gzip', () => zlib.createGunzip({ finishFlush: zlib.constants.Z_SYNC_FLUSH })],
  ['x-gzip', () => zlib.createGunzip({ finishFlush: zlib.constants.Z_SYNC_FLUSH })],
  ['deflate', () => zlib.createInflate({ finishFlush: zlib.constants.Z_SYNC_FLUSH })],
  ['br', () => zlib.createBrotliDecompress({ finishFlush: zlib.constants.BROTLI_OPERATION_FLUSH })],
  ['zstd', () => zlib.createZstdDecompress({ finishFlush: zlib.constants.ZSTD_e_flush })],
])

/**
 * The start of a body as text, at most `limit` bytes. Posts send no Accept-Encoding, but some receivers compress all
 * the same, and the error code in the body decides whether a card is retried.
 *
 * Returns a promise only for a compressed body. It never rejects: a damaged body is decoded up to the damage.
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
      // Against decompression bombs: 64 KB of gzip can be 64 MB of text.
      if (length >= limit) break
    }
  } catch {
    // The text before the damage is used.
  }
  return Buffer.concat(chunks).toString('utf8')
}
