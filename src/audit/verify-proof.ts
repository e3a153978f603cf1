import { emptyRoot, HASH_BYTES, nodeHash } from './tree.ts'

/**
 * Computes the root that an inclusion proof leads to, RFC 9162 section 2.1.3.2. Undefined where the proof can not be one
 * for this index and size. The proof holds only if the result equals the root of a checkpoint whose signature was
 * verified.
 */
export function rootFromInclusion(
  leaf: Buffer,
  index: number,
  size: number,
  proof: readonly Buffer[],
): Buffer | undefined {
  if (!isSize(size) || !isSize(index) || index >= size || ![leaf, ...proof].every(isHash)) return undefined
  // Positions, in the row of the current height, of the node on the path and of the last node.
  let node = index
  let last = size - 1
  let root = leaf
  for (const sibling of proof) {
    if (last === 0) return undefined
    if (node % 2 === 1 || node === last) {
      root = nodeHash(sibling, root)
      // The last node of a row with an odd number of nodes has no sibling there: it moves up unchanged.
      while (node % 2 === 0 && node !== 0) [node, last] = [half(node), half(last)]
    } else {
      root = nodeHash(root, sibling)
    }
    ;[node, last] = [half(node), half(last)]
  }
  return last === 0 ? root : undefined
}

/**
 * Whether the proof shows that the tree of `oldRoot` is the beginning of the tree of `newRoot`, RFC 9162 section
 * 2.1.4.2. Equal sizes need equal roots and no proof; a tree without leaves is the beginning of every tree.
 */
export function verifyConsistency(
  oldSize: number,
  oldRoot: Buffer,
  newSize: number,
  newRoot: Buffer,
  proof: readonly Buffer[],
): boolean {
  if (!isSize(oldSize) || !isSize(newSize) || oldSize > newSize) return false
  if (![oldRoot, newRoot, ...proof].every(isHash)) return false
  if (newSize === 0 && !newRoot.equals(emptyRoot())) return false
  if (oldSize === newSize) return proof.length === 0 && oldRoot.equals(newRoot)
  if (oldSize === 0) return proof.length === 0 && oldRoot.equals(emptyRoot())
  // Positions, in the row of the current height, of the earlier tree's last node and of the later tree's.
  let node = oldSize - 1
  let last = newSize - 1
  while (node % 2 === 1) [node, last] = [half(node), half(last)]
  // An earlier tree that is complete is a node of the later one: its root is known and stands in no proof.
  const [first, ...rest] = node === 0 ? [oldRoot, ...proof] : proof
  if (first === undefined) return false
  let oldHash = first
  let newHash = first
  for (const sibling of rest) {
    if (last === 0) return false
    if (node % 2 === 1 || node === last) {
      oldHash = nodeHash(sibling, oldHash)
      newHash = nodeHash(sibling, newHash)
      while (node % 2 === 0 && node !== 0) [node, last] = [half(node), half(last)]
    } else {
      newHash = nodeHash(newHash, sibling)
    }
    ;[node, last] = [half(node), half(last)]
  }
  return last === 0 && oldHash.equals(oldRoot) && newHash.equals(newRoot)
}

function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

function isHash(value: Buffer): boolean {
  return value.length === HASH_BYTES
}

/** Division and not a shift, which would cut to 32 bits. */
function half(position: number): number {
  return Math.floor(position / 2)
}
