import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { consistencyProof, frontierFromTiles, IncompleteTile, inclusionProof, type TileReader } from './tiles.ts'
import { createFrontier, emptyRoot, leafHash } from './tree.ts'
import { rootFromInclusion, verifyConsistency } from './verify-proof.ts'

const hex = (text: string) => Buffer.from(text, 'hex')

/** A tree of `size` leaves as a store would have it, with the root of each of its sizes. */
function storedTree(size: number, leafOf: (index: number) => Buffer) {
  const levels: Buffer[][] = [[]]
  const frontier = createFrontier(0, [])
  const roots = [frontier.root()]
  for (let i = 0; i < size; i += 1) {
    levels[0]?.push(leafOf(i))
    frontier.append(leafOf(i), (level, index, hash) => {
      levels[level] ??= []
      levels[level][index] = hash
    })
    roots.push(frontier.root())
  }
  const reads: string[] = []
  const reader: TileReader = {
    async read(level, index, width) {
      reads.push(`${level}/${index}`)
      return levels[level]?.slice(index * 256, index * 256 + width) ?? []
    },
  }
  return { reader, reads, root: (at: number) => roots[at] as Buffer, leaf: leafOf, levels }
}

const numbered = (index: number) => leafHash(Buffer.from(`entry ${index}`))

/** Every proof that differs from the right one in one bit of one hash, in a hash less, or in a hash more. */
function* changed(proof: readonly Buffer[]): Generator<Buffer[]> {
  for (const [i, hash] of proof.entries()) {
    const flipped = Buffer.from(hash)
    flipped[i % 32] = (flipped[i % 32] as number) ^ 1
    yield proof.with(i, flipped)
    yield proof.toSpliced(i, 1)
  }
  yield [...proof, emptyRoot()]
}

describe('published proofs', () => {
  const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f']
  const tree = storedTree(8, (i) => leafHash(hex(inputs[i] ?? '')))
  // https://github.com/transparency-dev/merkle/blob/main/testonly/reference_test.go
  const node = {
    leaf0: '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    leaf1: '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
    leaf4: 'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    pair0: 'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
    pair1: '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
    pair2: '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
    pair3: 'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
    quad0: 'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    quad1: '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
  }

  it.each([
    { index: 0, size: 1, expected: [] },
    { index: 0, size: 2, expected: [node.leaf1] },
    { index: 1, size: 2, expected: [node.leaf0] },
    { index: 2, size: 3, expected: [node.pair0] },
    { index: 1, size: 5, expected: [node.leaf0, node.pair1, node.leaf4] },
    { index: 0, size: 8, expected: [node.leaf1, node.pair1, node.quad1] },
    { index: 5, size: 8, expected: [node.leaf4, node.pair3, node.quad0] },
  ])('of inclusion are made: leaf $index of $size', async ({ index, size, expected }) => {
    expect(await inclusionProof(index, size, tree.reader)).toEqual(expected.map(hex))
  })

  it.each([
    { from: 1, to: 1, expected: [] },
    { from: 1, to: 8, expected: [node.leaf1, node.pair1, node.quad1] },
    { from: 2, to: 5, expected: [node.pair1, node.leaf4] },
    { from: 6, to: 8, expected: [node.pair2, node.pair3, node.quad0] },
  ])('of consistency are made: $from to $to', async ({ from, to, expected }) => {
    expect(await consistencyProof(from, to, tree.reader)).toEqual(expected.map(hex))
  })
})

describe('proofs', () => {
  const tree = storedTree(65_538, numbered)
  const edges = [65_534, 65_535, 65_536, 65_537, 65_538]

  async function checkInclusion(index: number, size: number) {
    const proof = await inclusionProof(index, size, tree.reader)
    const leaf = tree.leaf(index)
    const leadsTo = (hashes: readonly Buffer[], at = index, of = size, from = leaf) =>
      rootFromInclusion(from, at, of, hashes)?.equals(tree.root(size)) ?? false
    const refused = [...changed(proof)].every((other) => !leadsTo(other))
    const otherPlace = size > 1 && leadsTo(proof, (index + 1) % size)
    return leadsTo(proof) && refused && !otherPlace && !leadsTo(proof, index, size, tree.leaf(index + 1))
  }

  async function checkConsistency(from: number, to: number) {
    const proof = await consistencyProof(from, to, tree.reader)
    const holds = (hashes: readonly Buffer[], oldRoot = tree.root(from), newRoot = tree.root(to)) =>
      verifyConsistency(from, oldRoot, to, newRoot, hashes)
    const refused = [...changed(proof)].every((other) => !holds(other))
    // Every tree is consistent with the one without leaves, so there no later root is wrong.
    const otherRoots = holds(proof, numbered(99_999)) || (from > 0 && holds(proof, tree.root(from), numbered(99_999)))
    return holds(proof) && refused && !otherRoots
  }

  it('of inclusion lead to the root, and no changed one does: every leaf of every size up to 40', async () => {
    for (let size = 1; size <= 40; size += 1) {
      for (let index = 0; index < size; index += 1) expect(await checkInclusion(index, size)).toBe(true)
    }
  })

  it('of consistency hold, and no changed one does: every pair of sizes up to 40', async () => {
    for (let to = 0; to <= 40; to += 1) {
      for (let from = 0; from <= to; from += 1) expect(await checkConsistency(from, to)).toBe(true)
    }
  })

  it('hold at sizes up to 600, at leaves and earlier sizes of every kind', async () => {
    const pair = fc.integer({ min: 1, max: 600 }).chain((size) => fc.tuple(fc.nat(size - 1), fc.constant(size)))
    await fc.assert(
      fc.asyncProperty(pair, async ([index, size]) => {
        expect(await checkInclusion(index, size)).toBe(true)
        expect(await checkConsistency(index + 1, size)).toBe(true)
      }),
    )
  })

  it.each(edges)('hold around the first tile of level 2: %i leaves', async (size) => {
    for (const index of [0, 1, 255, 256, 32_767, 32_768, 65_279, 65_280, size - 2, size - 1]) {
      expect(await checkInclusion(index, size)).toBe(true)
      expect(await checkConsistency(index + 1, size)).toBe(true)
    }
  })

  it('read each tile once', async () => {
    for (const make of [
      () => inclusionProof(300, 65_538, tree.reader),
      () => consistencyProof(777, 65_537, tree.reader),
    ]) {
      tree.reads.length = 0
      await make()
      expect(tree.reads.length).toBeGreaterThan(2)
      expect(new Set(tree.reads).size).toBe(tree.reads.length)
    }
  })

  it('are refused for an index or an earlier size outside the tree', async () => {
    await expect(inclusionProof(5, 5, tree.reader)).rejects.toThrow('a tree of 5 leaves has no leaf 5')
    await expect(inclusionProof(0.5, 5, tree.reader)).rejects.toThrow(RangeError)
    await expect(consistencyProof(6, 5, tree.reader)).rejects.toThrow('a tree of 5 leaves does not begin with one of 6')
  })

  it('never hold for sizes that are none, hashes of another length, or too few or too many hashes', () => {
    const root = tree.root(1)
    for (const size of [-1, 0.5, 2 ** 53, Number.NaN]) {
      expect(rootFromInclusion(root, 0, size, [])).toBeUndefined()
      expect(verifyConsistency(size, root, 1, root, [])).toBe(false)
      expect(verifyConsistency(1, root, size, root, [])).toBe(false)
    }
    expect(rootFromInclusion(root, 0, 2, [Buffer.alloc(31)])).toBeUndefined()
    expect(rootFromInclusion(root, 0, 2, [root])).toBeDefined()
    expect(rootFromInclusion(root, 0, 2, [root, root])).toBeUndefined()
    expect(rootFromInclusion(root, 0, 2, [])).toBeUndefined()
    expect(verifyConsistency(1, root, 2, tree.root(2), [Buffer.alloc(33)])).toBe(false)
    expect(verifyConsistency(0, root, 1, root, [])).toBe(false)
    expect(verifyConsistency(0, root, 0, root, [])).toBe(false)
    expect(verifyConsistency(0, emptyRoot(), 1, root, [])).toBe(true)
  })

  it('can be checked beyond 32 bits', () => {
    const path = Array.from({ length: 53 }, (_, i) => numbered(i))
    expect(rootFromInclusion(numbered(1), 2 ** 52 + 5, Number.MAX_SAFE_INTEGER, path)).toBeDefined()
    expect(rootFromInclusion(numbered(1), 2 ** 52 + 5, Number.MAX_SAFE_INTEGER, path.slice(1))).toBeUndefined()
  })

  it('need all hashes of a tile', async () => {
    const short: TileReader = {
      read: async (level, index, width) => (await tree.reader.read(level, index, width)).slice(1),
    }
    await expect(inclusionProof(3, 600, short)).rejects.toThrow(IncompleteTile)
    await expect(frontierFromTiles(600, short)).rejects.toThrow(
      'tile 0 of level 1: expected 2 hashes of 32 bytes, found 1',
    )
  })

  it.each([0, 1, 255, 256, 257, 600, ...edges])(
    'a frontier is read back from one tile a level: %i leaves',
    async (size) => {
      tree.reads.length = 0
      const frontier = await frontierFromTiles(size, tree.reader)
      expect(frontier.size).toBe(size)
      expect(frontier.root().equals(tree.root(size))).toBe(true)
      expect(new Set(tree.reads.map((tile) => tile[0])).size).toBe(tree.reads.length)
    },
  )
})
