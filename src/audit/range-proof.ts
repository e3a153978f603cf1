import { z } from 'zod'
import { readHash } from '../contract/note-text.ts'
import { completeSubtrees, type Range, subtreeHashes, type TileReader } from './tiles.ts'
import { createFrontier, nodeHash, peakSizes, rootOfPeaks } from './tree.ts'

/**
 * Proof that the leaves from `start` up to and without `end` are those of a tree: the hashes of the complete subtrees on both
 * sides of them. With the leaves between they give the root; at most 53 hashes on the left and 106 on the right.
 */
export interface RangeProof {
  readonly start: number
  readonly end: number
  /** Leaves in the tree. */
  readonly size: number
  /** Hashes of the subtrees that make up the leaves before `start`, in the order of the tree. */
  readonly left: readonly Buffer[]
  /** Hashes of the subtrees from `end` on, in the order of the tree. */
  readonly right: readonly Buffer[]
}

/**
 * Reads the hashes of a range proof.
 *
 * @throws RangeError if the tree does not have these leaves
 * @throws IncompleteTile
 */
export async function rangeProof(start: number, end: number, size: number, reader: TileReader): Promise<RangeProof> {
  if (!isRange({ start, end, size })) throw new RangeError(`a tree of ${size} leaves has no leaves ${start} to ${end}`)
  const [left, right] = await Promise.all([
    subtreeHashes(completeSubtrees({ start: 0, end: start }), size, reader),
    subtreeHashes(subtreesFrom(end, size), size, reader),
  ])
  return { start, end, size, left, right }
}

/** Computes the root that the leaves of a range lead to. */
export interface RangeRoot {
  /** Adds the next leaf of the range. */
  append(leaf: Buffer): void
  /** The root of the whole tree; undefined while there are more or fewer leaves than the range has. */
  root(): Buffer | undefined
}

/** Returns undefined for a proof that has too many or too few hashes for its range. */
export function createRangeRoot({ start, end, size, left, right }: RangeProof): RangeRoot | undefined {
  if (!isRange({ start, end, size }) || left.length !== peakSizes(start).length) return undefined
  const after = subtreesFrom(end, size)
  if (right.length !== after.length) return undefined
  const frontier = createFrontier(start, left)
  return {
    append: (leaf) => frontier.append(leaf),
    root() {
      if (frontier.size !== end) return undefined
      const sizes = peakSizes(end)
      const edge = frontier.peaks().map((hash, index) => ({ hash, leaves: sizes[index] ?? 0 }))
      for (const [index, subtree] of after.entries()) {
        let node = { hash: right[index] as Buffer, leaves: subtree.end - subtree.start }
        // Two neighbours of one size are the halves of a larger subtree.
        for (let last = edge.at(-1); last?.leaves === node.leaves; last = edge.at(-1)) {
          edge.pop()
          node = { hash: nodeHash(last.hash, node.hash), leaves: 2 * node.leaves }
        }
        edge.push(node)
      }
      return rootOfPeaks(edge.map(({ hash }) => hash))
    },
  }
}

const hashText = z.string().transform((text, context) => {
  const hash = readHash(text)
  if (hash !== undefined) return hash
  context.addIssue('base64 of 32 bytes')
  return z.NEVER
})
const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)
const rangeFile = z.strictObject({
  start: count,
  end: count,
  size: count,
  left: z.array(hashText),
  right: z.array(hashText),
})

/** Writes a range proof as JSON, its hashes in base64. */
export function formatRangeProof({ left, right, ...range }: RangeProof): string {
  const texts = (hashes: readonly Buffer[]) => hashes.map((hash) => hash.toString('base64'))
  return `${JSON.stringify({ ...range, left: texts(left), right: texts(right) }, null, 2)}\n`
}

/** Reads what {@link formatRangeProof} wrote; undefined for any other text. */
export function readRangeProof(text: string): RangeProof | undefined {
  try {
    return rangeFile.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

function isRange({ start, end, size }: Pick<RangeProof, 'start' | 'end' | 'size'>): boolean {
  return [start, end, size].every(Number.isSafeInteger) && start >= 0 && start <= end && end <= size
}

/** Splits the leaves from a place to the end of the tree into the largest subtrees that the tree has there. */
function subtreesFrom(from: number, size: number): Range[] {
  const subtrees: Range[] = []
  for (let start = from; start < size; ) {
    let leaves = 1
    while (start % (2 * leaves) === 0 && start + 2 * leaves <= size) leaves *= 2
    subtrees.push({ start, end: start + leaves })
    start += leaves
  }
  return subtrees
}
