import type { StoredNodes } from '../../store/read-trees.ts'
import { createFrontier, type Frontier, TILE_WIDTH } from '../tree.ts'

/** A leaf whose hash is not that of its entry. */
export interface Mismatch {
  readonly index: number
  readonly entryId: string
  readonly kind: string | undefined
  readonly subject: string | undefined
  readonly leafHash: Buffer
  readonly bodyHash: Buffer
  /** Which of both was edited, by the stored hashes above them; undefined where these tell neither. */
  edited?: 'leaf' | 'entry'
}

/** A stored subtree hash that is not the computed one. */
export interface WrongNode {
  readonly level: number
  readonly index: number
}

/** Builds the tree from its leaves, and compares with what is stored above them. */
export interface TreeCheck {
  readonly size: number
  /**
   * @param leaf the hash of the leaf as stored
   * @param nodes the stored hashes of the subtrees that this leaf completes; undefined where they are not known
   * @param mismatch where the entry has another hash
   */
  append(leaf: Buffer, nodes: StoredNodes | undefined, mismatch?: Mismatch): void
  /** Whether the tree has this root now. Where it has it with the hashes of entries, the leaves were edited. */
  hasRoot(root: Buffer): boolean
  root(): Buffer
  /** Wrong nodes, since they were last forgotten. */
  readonly wrongNodes: readonly WrongNode[]
  forgetWrongNodes(): void
}

/** Starts at the end of a tree whose root is known to be right. */
export function createTreeCheck(from: Frontier): TreeCheck {
  let frontier = from
  /** The same tree with the hashes of the entries, while it is open whether leaves or entries were edited. */
  let byEntries: Frontier | undefined
  let open: Mismatch[] = []
  let wrong: WrongNode[] = []
  let stored: StoredNodes | undefined

  function compareNode(level: number, index: number, hash: Buffer): void {
    if (stored !== undefined && !stored.get(`${level}/${index}`)?.equals(hash)) wrong.push({ level, index })
  }

  /** As long as it is open which hashes are the right ones, both trees grow. */
  function appendToBoth(leaf: Buffer, mismatch: Mismatch | undefined): void {
    if (mismatch !== undefined) {
      byEntries ??= createFrontier(frontier.size, frontier.peaks())
      open.push(mismatch)
    }
    const ofEntries = new Map<string, Buffer>()
    byEntries?.append(mismatch?.bodyHash ?? leaf, (level, index, hash) => ofEntries.set(`${level}/${index}`, hash))
    const before = wrong.length
    frontier.append(leaf, compareNode)
    if (stored === undefined || frontier.size % TILE_WIDTH !== 0 || (open[0]?.index ?? 0) < frontier.size - TILE_WIDTH)
      return
    const block = wrong[before]
    if (block?.level !== 1) decide('entry')
    else if (isStored(block, ofEntries)) {
      wrong = wrong.filter((node, position) => position < before || !isStored(node, ofEntries))
      decide('leaf')
    }
  }

  function isStored({ level, index }: WrongNode, hashes: ReadonlyMap<string, Buffer>): boolean {
    const hash = hashes.get(`${level}/${index}`)
    return hash !== undefined && stored?.get(`${level}/${index}`)?.equals(hash) === true
  }

  function decide(edited: 'leaf' | 'entry'): void {
    for (const mismatch of open) mismatch.edited = edited
    if (edited === 'leaf' && byEntries !== undefined) frontier = byEntries
    open = []
    byEntries = undefined
  }

  return {
    get size() {
      return frontier.size
    },
    append(leaf, nodes, mismatch) {
      stored = nodes
      if (mismatch === undefined && byEntries === undefined) frontier.append(leaf, compareNode)
      else appendToBoth(leaf, mismatch)
    },
    hasRoot(root) {
      if (frontier.root().equals(root)) {
        decide('entry')
        return true
      }
      if (!byEntries?.root().equals(root)) return false
      decide('leaf')
      return true
    },
    root: () => frontier.root(),
    get wrongNodes() {
      return wrong
    },
    forgetWrongNodes() {
      wrong = []
    },
  }
}
