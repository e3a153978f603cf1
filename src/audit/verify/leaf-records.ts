import { LEAF_HEAD_BYTES, type LeafBatch } from '../../store/read-leaves.ts'

/** 2000-01-01, from which PostgreSQL counts, in milliseconds since 1970. */
const POSTGRES_EPOCH_MS = 946_684_800_000
const TWO_TO_32 = 4_294_967_296

/** Number of the last leaf of a batch that is not empty. */
export function lastIndex({ heads, count }: LeafBatch): number {
  return readNumber(heads, (count - 1) * LEAF_HEAD_BYTES)
}

/** Number of a leaf. */
export function indexAt(heads: Buffer, offset: number): number {
  return readNumber(heads, offset)
}

/** Id of a leaf's entry; rounded above 2^53, {@link entryIdAt} is exact. */
export function entryNumberAt(heads: Buffer, offset: number): number {
  return readNumber(heads, offset + 8)
}

export function entryIdAt(heads: Buffer, offset: number): string {
  return String(heads.readBigInt64BE(offset + 8))
}

/** When a leaf's entry was made, in milliseconds since 1970; beyond every real time for `infinity`. */
export function entryTimeAt(heads: Buffer, offset: number): number {
  return readNumber(heads, offset + 16) / 1000 + POSTGRES_EPOCH_MS
}

export function leafHashAt(heads: Buffer, offset: number): Buffer {
  return heads.subarray(offset + 24, offset + 56)
}

/** Length of an entry in bytes; -1 where it is gone. */
export function bodyLengthAt(heads: Buffer, offset: number): number {
  return heads.readInt32BE(offset + 56)
}

/** The column `subject` of an entry; undefined for null. */
export function subjectAt(heads: Buffer, offset: number): string | undefined {
  const hex = heads.toString('hex', offset + 60, offset + LEAF_HEAD_BYTES)
  if (hex === '00000000000000000000000000000000') return undefined
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** A signed number of 8 bytes, rounded above 2^53. `readBigInt64BE` makes an object for each. */
function readNumber(bytes: Buffer, offset: number): number {
  return bytes.readInt32BE(offset) * TWO_TO_32 + bytes.readUInt32BE(offset + 4)
}
