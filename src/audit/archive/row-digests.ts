import { hash } from 'node:crypto'

/** 8 bytes of a row's hash, and the entry's index. */
const RECORD_BYTES = 16
const CHUNK_RECORDS = 65_536

/** Rows by their hashes, in 16 bytes each: `entries.csv` is read after `entries.jsonl`, and may have a million rows. */
export interface RowDigests {
  readonly count: number
  add(row: string, index: number): void
  /** Whether a row is the one at this place. */
  is(place: number, row: string): boolean
  /** The entry of the row at this place; undefined before the first and after the last. */
  indexAt(place: number): number | undefined
}

/** Makes an empty list. */
export function createRowDigests(): RowDigests {
  const chunks: Buffer[] = []
  let count = 0
  const recordAt = (place: number): Buffer => {
    const offset = (place % CHUNK_RECORDS) * RECORD_BYTES
    const chunk = chunks[Math.floor(place / CHUNK_RECORDS)] ?? Buffer.alloc(RECORD_BYTES)
    return chunk.subarray(offset, offset + RECORD_BYTES)
  }
  const digest = (row: string) => hash('sha256', row, 'buffer').subarray(0, 8)
  return {
    get count() {
      return count
    },
    add(row, index) {
      if (count % CHUNK_RECORDS === 0) chunks.push(Buffer.alloc(CHUNK_RECORDS * RECORD_BYTES))
      const record = recordAt(count)
      record.set(digest(row))
      record.writeDoubleBE(index, 8)
      count += 1
    },
    is: (place, row) => place >= 0 && place < count && recordAt(place).subarray(0, 8).equals(digest(row)),
    indexAt: (place) => (place >= 0 && place < count ? recordAt(place).readDoubleBE(8) : undefined),
  }
}
