import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRangeRoot, formatRangeProof, type RangeProof, rangeProof, readRangeProof } from './range-proof.ts'
import type { TileReader } from './tiles.ts'
import { createFrontier, leafHash } from './tree.ts'

const SIZE = 1_500
const levels: Buffer[][] = [[]]
const frontier = createFrontier(0, [])
const roots = [frontier.root()]
for (let i = 0; i < SIZE; i += 1) {
  const leaf = leafHash(Buffer.from(`entry ${i}`))
  levels[0]?.push(leaf)
  frontier.append(leaf, (level, index, hash) => {
    levels[level] ??= []
    levels[level][index] = hash
  })
  roots.push(frontier.root())
}
const reader: TileReader = {
  read: async (level, index, width) => levels[level]?.slice(index * 256, index * 256 + width) ?? [],
}
const leavesOf = ({ start, end }: RangeProof) => levels[0]?.slice(start, end) ?? []

function rootOf(proof: RangeProof, leaves = leavesOf(proof)): Buffer | undefined {
  const range = createRangeRoot(proof)
  for (const leaf of leaves) range?.append(leaf)
  return range?.root()
}

const ranges = fc
  .tuple(fc.nat(SIZE), fc.nat(SIZE), fc.nat(SIZE))
  .map((numbers) => numbers.sort((a, b) => a - b) as [number, number, number])

describe('a range proof', () => {
  it('leads from the leaves of every range to the root, with few hashes', async () => {
    await fc.assert(
      fc.asyncProperty(ranges, async ([start, end, size]) => {
        const proof = await rangeProof(start, end, size, reader)
        expect(rootOf(proof)).toEqual(roots[size])
        expect(proof.left.length + proof.right.length).toBeLessThanOrEqual(3 * 11)
        expect(readRangeProof(formatRangeProof(proof))).toEqual(proof)
      }),
    )
  })

  it('does not lead there with a changed, swapped, missing or additional leaf', async () => {
    const proof = await rangeProof(300, 700, 1_001, reader)
    const leaves = leavesOf(proof)
    const other = leafHash(Buffer.from('other'))
    const [first, second] = leaves as [Buffer, Buffer]
    for (const [index] of [...leaves.entries()].filter(([index]) => index % 97 === 0))
      expect(rootOf(proof, leaves.with(index, other))).not.toEqual(roots[1_001])
    expect(rootOf(proof, [second, first, ...leaves.slice(2)])).not.toEqual(roots[1_001])
    expect(rootOf(proof, leaves.slice(1))).toBeUndefined()
    expect(rootOf(proof, [...leaves, other])).toBeUndefined()
  })

  it('does not lead there with a changed hash, and is refused with a hash less or more', async () => {
    const proof = await rangeProof(300, 700, 1_001, reader)
    const other = leafHash(Buffer.from('other'))
    for (const side of ['left', 'right'] as const)
      for (const index of proof[side].keys()) {
        expect(rootOf({ ...proof, [side]: proof[side].with(index, other) })).not.toEqual(roots[1_001])
        expect(createRangeRoot({ ...proof, [side]: proof[side].toSpliced(index, 1) })).toBeUndefined()
        expect(createRangeRoot({ ...proof, [side]: [...proof[side], other] })).toBeUndefined()
      }
  })

  it.each(['', '{}', '[]', '{"start":0,"end":1,"size":1,"left":["x"],"right":[]}'])('is not read from %j', (text) => {
    expect(readRangeProof(text)).toBeUndefined()
  })

  it('is not made for leaves that the tree does not have', async () => {
    await expect(rangeProof(0, 11, 10, reader)).rejects.toThrow(RangeError)
    await expect(rangeProof(5, 4, 10, reader)).rejects.toThrow(RangeError)
  })
})
