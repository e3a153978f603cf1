import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  appendLeaves,
  completeRoot,
  createFrontier,
  emptyRoot,
  leafHash,
  nodeHash,
  peakSizes,
  rootOfPeaks,
} from './tree.ts'

/** RFC 6962, section 2.1, word for word and without anything of tree.ts. */
function naiveRoot(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return createHash('sha256').digest()
  if (leaves.length === 1) return leaves[0] as Buffer
  const split = 2 ** (Math.ceil(Math.log2(leaves.length)) - 1)
  return createHash('sha256')
    .update(Buffer.of(1))
    .update(naiveRoot(leaves.slice(0, split)))
    .update(naiveRoot(leaves.slice(split)))
    .digest()
}

const numbered = (count: number) => Array.from({ length: count }, (_, i) => leafHash(Buffer.from(`entry ${i}`)))

function grown(leaves: readonly Buffer[]) {
  const frontier = createFrontier(0, [])
  appendLeaves(frontier, leaves)
  return frontier
}

describe('hashes', () => {
  // The inputs and roots that implementations of Certificate Transparency test with:
  // https://github.com/transparency-dev/merkle/blob/main/testonly/constants.go
  const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f']
  const roots = [
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
    'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
    '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
    'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  ]

  it.each(roots.map((root, size) => ({ size, root })))('give the published root of $size entries', ({ size, root }) => {
    const leaves = inputs.slice(0, size).map((hex) => leafHash(Buffer.from(hex, 'hex')))
    expect(grown(leaves).root().toString('hex')).toBe(root)
  })

  it('refuse an input of another length than 32 bytes', () => {
    expect(() => nodeHash(emptyRoot(), Buffer.alloc(31))).toThrow(RangeError)
    expect(() => createFrontier(0, []).append(Buffer.alloc(33))).toThrow(RangeError)
  })
})

describe('a frontier', () => {
  it('has the root of the definition at every size from 0 to 600', () => {
    const leaves = numbered(600)
    const frontier = createFrontier(0, [])
    for (let size = 0; size <= 600; size += 1) {
      expect(frontier.size).toBe(size)
      expect(frontier.root().equals(naiveRoot(leaves.slice(0, size)))).toBe(true)
      if (size < 600) frontier.append(leaves[size] as Buffer)
    }
  })

  it('goes on from its peaks as if it had never stopped', () => {
    const leaves = numbered(300)
    for (const stop of [0, 1, 2, 3, 127, 128, 255, 256, 257]) {
      const before = grown(leaves.slice(0, stop))
      const after = createFrontier(stop, before.peaks())
      appendLeaves(after, leaves.slice(stop))
      expect(after.root().equals(naiveRoot(leaves))).toBe(true)
      expect(before.size).toBe(stop)
    }
  })

  it('reports each complete subtree once, in order, and has the right root around 65,536 leaves', () => {
    const leaves = numbered(65_538)
    const frontier = createFrontier(0, [])
    const found: Buffer[][] = [[], [], []]
    const onSubtree = (level: number, index: number, hash: Buffer) => {
      expect(index).toBe(found[level]?.length)
      found[level]?.push(hash)
    }
    const tiles = Array.from({ length: 256 }, (_, i) => completeRoot(leaves.slice(i * 256, i * 256 + 256)))
    for (const size of [65_534, 65_535, 65_536, 65_537, 65_538]) {
      appendLeaves(frontier, leaves.slice(frontier.size, size), onSubtree)
      expect(frontier.root().equals(naiveRoot(leaves.slice(0, size)))).toBe(true)
      expect(found[1]).toEqual(size < 65_536 ? tiles.slice(0, 255) : tiles)
      expect(found[2]).toEqual(size < 65_536 ? [] : [completeRoot(tiles)])
    }
  })

  it('refuses peaks that are not those of its size', () => {
    expect(() => createFrontier(3, [emptyRoot()])).toThrow('a tree of 3 leaves has 2 peaks, found 1')
    expect(() => createFrontier(1, [Buffer.alloc(31)])).toThrow(RangeError)
    expect(() => createFrontier(-1, [])).toThrow(RangeError)
    expect(() => createFrontier(2 ** 53, [])).toThrow(RangeError)
  })

  it('counts beyond 32 bits and up to 2^53 - 1', () => {
    const size = 2 ** 40 + 255
    const peaks = peakSizes(size).map((leaves) => leafHash(Buffer.from(String(leaves))))
    const frontier = createFrontier(size, peaks)
    const seen: unknown[] = []
    frontier.append(leafHash(Buffer.from('next')), (level, index) => seen.push([level, index]))
    expect(seen).toEqual([[1, 2 ** 32]])
    expect(peakSizes(frontier.size)).toEqual([2 ** 40, 256])
    expect(frontier.root().equals(rootOfPeaks(frontier.peaks()))).toBe(true)
    const most = Number.MAX_SAFE_INTEGER
    const full = createFrontier(
      most,
      peakSizes(most).map(() => emptyRoot()),
    )
    expect(() => full.append(emptyRoot())).toThrow('the tree is full')
  })
})

describe('a complete subtree', () => {
  it('has a power of two of hashes, and the root of a tree of them', () => {
    expect(() => completeRoot(numbered(255))).toThrow('expected hashes of a complete subtree, found 255')
    expect(completeRoot(numbered(256)).equals(naiveRoot(numbered(256)))).toBe(true)
  })
})
