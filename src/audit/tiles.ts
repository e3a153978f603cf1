import {
  completeRoot,
  createFrontier,
  type Frontier,
  HASH_BYTES,
  peakSizes,
  rootOfPeaks,
  TILE_HEIGHT,
  TILE_WIDTH,
} from './tree.ts'

/**
 * Stored hashes of a tree, in the tiles of c2sp.org/tlog-tiles. Hash `i` of tile `index` at `level` is the root of the
 * complete subtree number `index * 256 + i` of `256 ** level` leaves; level 0 are the leaf hashes.
 */
export interface TileReader {
  /**
   * Reads the first `width` hashes of a tile, 1 to 256. A tree that grew since may have more of them; a proof for an
   * earlier size needs only these.
   */
  read(level: number, index: number, width: number): Promise<readonly Buffer[]>
}

/** Thrown when a {@link TileReader} returned fewer hashes than the tree's size says, or one that is not 32 bytes long. */
export class IncompleteTile extends Error {
  readonly level: number
  readonly index: number

  constructor(level: number, index: number, expected: number, found: number) {
    super(`tile ${index} of level ${level}: expected ${expected} hashes of 32 bytes, found ${found}`)
    this.name = 'IncompleteTile'
    this.level = level
    this.index = index
  }
}

/** Leaves from `start` up to and without `end`. */
export interface Range {
  readonly start: number
  readonly end: number
}

/**
 * Reads the right edge of a stored tree: one tile for each level.
 *
 * @throws IncompleteTile
 */
export async function frontierFromTiles(size: number, reader: TileReader): Promise<Frontier> {
  const subtreeRoot = createSubtreeReader(size, reader)
  return createFrontier(size, await Promise.all(completeSubtrees({ start: 0, end: size }).map(subtreeRoot)))
}

/**
 * Makes the inclusion proof of one leaf, RFC 6962 section 2.1.1: from the leaf's sibling up to the root's child. Reads
 * each tile once.
 *
 * @throws RangeError if the tree has no leaf with this index
 * @throws IncompleteTile
 */
export async function inclusionProof(index: number, size: number, reader: TileReader): Promise<Buffer[]> {
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) {
    throw new RangeError(`a tree of ${size} leaves has no leaf ${index}`)
  }
  const siblings: Range[] = []
  let { start, end }: Range = { start: 0, end: size }
  while (end - start > 1) {
    const middle = start + largestPowerBelow(end - start)
    if (index < middle) {
      siblings.push({ start: middle, end })
      end = middle
    } else {
      siblings.push({ start, end: middle })
      start = middle
    }
  }
  return rootsOf(siblings.reverse(), size, reader)
}

/**
 * Makes the proof that a tree is the beginning of a larger one, RFC 6962 section 2.1.2. Empty for equal sizes, and for an
 * earlier tree without leaves, with which every tree is consistent. Reads each tile once.
 *
 * @throws RangeError if the earlier tree is the larger one
 * @throws IncompleteTile
 */
export async function consistencyProof(oldSize: number, newSize: number, reader: TileReader): Promise<Buffer[]> {
  if (!Number.isSafeInteger(oldSize) || oldSize < 0 || oldSize > newSize) {
    throw new RangeError(`a tree of ${newSize} leaves does not begin with one of ${oldSize}`)
  }
  if (oldSize === 0) return []
  const ranges: Range[] = []
  let { start, end }: Range = { start: 0, end: newSize }
  while (end !== oldSize) {
    const middle = start + largestPowerBelow(end - start)
    if (oldSize <= middle) {
      ranges.push({ start: middle, end })
      end = middle
    } else {
      ranges.push({ start, end: middle })
      start = middle
    }
  }
  // A range from leaf 0 is the earlier tree itself, whose root the verifier has.
  if (start > 0) ranges.push({ start, end })
  return rootsOf(ranges.reverse(), newSize, reader)
}

/**
 * Reads the hashes of complete subtrees.
 *
 * @throws IncompleteTile
 */
export function subtreeHashes(subtrees: readonly Range[], size: number, reader: TileReader): Promise<Buffer[]> {
  return Promise.all(subtrees.map(createSubtreeReader(size, reader)))
}

async function rootsOf(ranges: readonly Range[], size: number, reader: TileReader): Promise<Buffer[]> {
  const subtreeRoot = createSubtreeReader(size, reader)
  return Promise.all(
    ranges.map(async (range) => rootOfPeaks(await Promise.all(completeSubtrees(range).map(subtreeRoot)))),
  )
}

/** Splits a range into complete subtrees, largest first. Its start is a multiple of the largest one's size. */
export function completeSubtrees({ start, end }: Range): Range[] {
  let from = start
  return peakSizes(end - start).map((leaves) => {
    const subtree = { start: from, end: from + leaves }
    from = subtree.end
    return subtree
  })
}

/** Returns a function that computes the root of a complete subtree. Remembers the tiles that it has read. */
function createSubtreeReader(size: number, reader: TileReader): (subtree: Range) => Promise<Buffer> {
  const tiles = new Map<string, Promise<readonly Buffer[]>>()
  return async ({ start, end }) => {
    const height = Math.log2(end - start)
    const level = Math.floor(height / TILE_HEIGHT)
    const leavesPerHash = TILE_WIDTH ** level
    const first = start / leavesPerHash
    const index = Math.floor(first / TILE_WIDTH)
    const width = Math.min(TILE_WIDTH, Math.floor(size / leavesPerHash) - index * TILE_WIDTH)
    const key = `${level}/${index}`
    const reading = tiles.get(key) ?? readTile(reader, level, index, width)
    tiles.set(key, reading)
    const hashes = await reading
    const offset = first - index * TILE_WIDTH
    return completeRoot(hashes.slice(offset, offset + 2 ** (height - level * TILE_HEIGHT)))
  }
}

async function readTile(reader: TileReader, level: number, index: number, width: number): Promise<readonly Buffer[]> {
  const hashes = await reader.read(level, index, width)
  const whole = hashes.filter((hash) => hash.length === HASH_BYTES).length
  if (hashes.length !== width || whole !== width) throw new IncompleteTile(level, index, width, whole)
  return hashes
}

function largestPowerBelow(leaves: number): number {
  let power = 1
  while (power * 2 < leaves) power *= 2
  return power
}
