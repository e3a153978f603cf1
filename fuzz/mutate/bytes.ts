import type { Random } from '../random.ts'

/** Larger inputs take time and find no more: what is long is long at this length. */
export const MAX_INPUT_BYTES = 65_536

/** Pieces that a JSON parser, UTF-8 or HTTP may trip over. */
const TOKENS = [
  '{}',
  '[]',
  '[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[',
  '{"a":',
  'null',
  'true',
  '1e999',
  '-0',
  '1E400',
  '"\\u0000"',
  '"\\ud800"',
  '\\',
  ',',
  '"__proto__":{"x":1},',
  '"constructor":{"prototype":{}},',
  '\u00ff',
  '\r\n',
  '\n',
  ': ',
].map((token) => Buffer.from(token))
const BROKEN_UTF8 = [
  Buffer.from([0xc0, 0x80]),
  Buffer.from([0xed, 0xa0, 0x80]),
  Buffer.from([0xff]),
  Buffer.from([0xef, 0xbb, 0xbf]),
]

/** Changes bytes without knowing what they mean. */
export function mutateBytes(input: Buffer, other: Buffer, random: Random): Buffer {
  const at = random.whole(input.length + 1)
  const end = Math.min(input.length, at + 1 + random.whole(random.oneIn(3) ? 64 : 4))
  const put = (piece: Uint8Array, until = at) => Buffer.concat([input.subarray(0, at), piece, input.subarray(until)])
  switch (random.whole(7)) {
    case 0: {
      const changed = Buffer.from(input)
      if (at < changed.length) changed[at] = random.whole(256)
      return changed
    }
    case 1:
      return put(Buffer.alloc(0), end)
    case 2:
      return put(random.pick(TOKENS), random.oneIn(2) ? end : at)
    case 3:
      return put(random.pick(BROKEN_UTF8))
    case 4: {
      const piece = input.subarray(at, end)
      return put(Buffer.concat(Array.from({ length: 1 + random.whole(100) }, () => piece)))
    }
    case 5: {
      const from = random.whole(other.length + 1)
      return put(other.subarray(from, from + 1 + random.whole(200)), random.oneIn(2) ? end : at)
    }
    default:
      return input.subarray(0, at)
  }
}
