import { hash } from 'node:crypto'

/** Bytes of a SHA-256 hash. */
export const HASH_BYTES = 32

/** Height of a tile (c2sp.org/tlog-tiles): 256 hashes, whose root is one hash of the tile above. */
export const TILE_HEIGHT = 8

/** Hashes of a full tile. */
export const TILE_WIDTH = 256

/** Computes RFC 6962's hash of a leaf: SHA-256 of the byte 0x00 and the entry. */
export function leafHash(entry: Uint8Array): Buffer {
  const input = Buffer.alloc(1 + entry.length)
  input.set(entry, 1)
  return hash('sha256', input, 'buffer')
}

/** Computes RFC 6962's hash of a node: SHA-256 of the byte 0x01, the left and the right hash. */
export function nodeHash(left: Buffer, right: Buffer): Buffer {
  return createNodeHash()(left, right)
}

/** Computes the root of a tree without leaves: SHA-256 of nothing. */
export function emptyRoot(): Buffer {
  return hash('sha256', Buffer.alloc(0), 'buffer')
}

/** Receives the hash of a subtree of `256 ** level` leaves: hash number `index` of the tiles of that level. */
export type OnSubtree = (level: number, index: number, hash: Buffer) => void

/**
 * The right edge of a tree: the hashes of its largest complete subtrees, which are called peaks. This is all that
 * appending needs, at most 53 hashes.
 */
export interface Frontier {
  /** Leaves in the tree. */
  readonly size: number
  /**
   * Appends one leaf hash.
   *
   * @param onSubtree receives each subtree of `256 ** level` leaves, level 1 and above, that this leaf completes
   * @throws RangeError if the hash is not 32 bytes long, or the tree has as many leaves as a number can count
   */
  append(leaf: Buffer, onSubtree?: OnSubtree): void
  /** Computes the root of the tree. */
  root(): Buffer
  /** Returns the hashes of the peaks, largest first, as {@link createFrontier} takes them. */
  peaks(): readonly Buffer[]
}

/**
 * Continues a tree at its right edge.
 *
 * @param peaks hashes of the complete subtrees whose sizes are {@link peakSizes}, in that order
 * @throws RangeError if `size` is not a safe integer, or the peaks are not those of that size
 */
export function createFrontier(size: number, peaks: readonly Buffer[]): Frontier {
  if (peakSizes(size).length !== peaks.length) {
    throw new RangeError(`a tree of ${size} leaves has ${peakSizes(size).length} peaks, found ${peaks.length}`)
  }
  peaks.forEach(requireHash)
  const edge = [...peaks]
  const hashNode = createNodeHash()
  let leaves = size
  return {
    get size() {
      return leaves
    },
    append(leaf, onSubtree) {
      requireHash(leaf)
      if (leaves === Number.MAX_SAFE_INTEGER) throw new RangeError('the tree is full')
      let subtree = leaf
      // Position of `subtree` among those of its height. While it is odd, the last peak is its left sibling.
      let index = leaves
      for (let height = 1; index % 2 === 1; height += 1) {
        subtree = hashNode(edge.pop() as Buffer, subtree)
        index = (index - 1) / 2
        if (height % TILE_HEIGHT === 0) onSubtree?.(height / TILE_HEIGHT, index, subtree)
      }
      edge.push(subtree)
      leaves += 1
    },
    root: () => edge.reduceRight<Buffer | undefined>(joinTo(hashNode), undefined) ?? emptyRoot(),
    peaks: () => [...edge],
  }
}

/** Appends leaf hashes in order. `onSubtree` receives the subtrees that a sealer stores as tiles of level 1 and above. */
export function appendLeaves(frontier: Frontier, leaves: Iterable<Buffer>, onSubtree?: OnSubtree): void {
  for (const leaf of leaves) frontier.append(leaf, onSubtree)
}

/**
 * Returns the sizes of the complete subtrees that make up a tree, largest first: the powers of two in `size`.
 *
 * @throws RangeError if `size` is not a safe integer of at least 0
 */
export function peakSizes(size: number): number[] {
  if (!Number.isSafeInteger(size) || size < 0) throw new RangeError('a tree size is an integer from 0 to 2^53 - 1')
  const sizes: number[] = []
  // Division and not bit operators, which work on 32 bits.
  for (let rest = size, power = 1; rest > 0; rest = Math.floor(rest / 2), power *= 2) {
    if (rest % 2 === 1) sizes.unshift(power)
  }
  return sizes
}

/**
 * Computes the root of a complete subtree from its hashes: of a full tile from its 256.
 *
 * @throws RangeError if the number of hashes is not a power of two
 */
export function completeRoot(hashes: readonly Buffer[]): Buffer {
  if (peakSizes(hashes.length).length !== 1) {
    throw new RangeError(`expected hashes of a complete subtree, found ${hashes.length}`)
  }
  const hashNode = createNodeHash()
  let row = hashes
  while (row.length > 1) {
    const above: Buffer[] = []
    for (let i = 0; i < row.length; i += 2) above.push(hashNode(row[i] as Buffer, row[i + 1] as Buffer))
    row = above
  }
  return row[0] as Buffer
}

/** Computes the root over peaks, largest first: each is the left sibling of all that follow. */
export function rootOfPeaks(peaks: readonly Buffer[]): Buffer {
  return peaks.reduceRight<Buffer | undefined>(joinTo(createNodeHash()), undefined) ?? emptyRoot()
}

type NodeHash = (left: Buffer, right: Buffer) => Buffer

/** Makes a hash function with an input buffer of its own: a new one for each hash takes a third more CPU. */
function createNodeHash(): NodeHash {
  const input = Buffer.alloc(1 + 2 * HASH_BYTES)
  input[0] = 1
  return (left, right) => {
    requireHash(left)
    requireHash(right)
    left.copy(input, 1)
    right.copy(input, 1 + HASH_BYTES)
    // `createHash` takes a third more CPU for an input this short.
    return hash('sha256', input, 'buffer')
  }
}

function joinTo(hashNode: NodeHash): (right: Buffer | undefined, left: Buffer) => Buffer {
  return (right, left) => (right === undefined ? left : hashNode(left, right))
}

/** A shorter hash would be completed with bytes of the one that was hashed before it. */
function requireHash(value: Buffer): void {
  if (value.length !== HASH_BYTES) throw new RangeError(`a hash has 32 bytes, found ${value.length}`)
}
