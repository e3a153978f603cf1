import type { NumberedCheckpoint } from '../../store/read-checkpoints.ts'
import { formatCheckpoint } from '../checkpoint.ts'
import type { Finding, FindingCode } from './findings.ts'
import type { GivenKeys } from './keys.ts'
import type { TreeCheck, WrongNode } from './tree-check.ts'

/** Compares the checkpoints of one tree, in their order, with its leaves and the given keys. */
export interface CheckpointCheck {
  readonly count: number
  /** Given keys that signed the newest checkpoint. */
  readonly signedBy: readonly string[]
  /** An entry said that from now on no key signs. */
  signingGivenUp(): void
  /** A leaf is missing: no root after it can be computed. */
  lose(): void
  /** @param tree the tree at the checkpoint's size */
  compare(checkpoint: NumberedCheckpoint, tree: TreeCheck): void
  /** After the last checkpoint. */
  end(): void
}

/**
 * @param origin the tree's name
 * @param startSize size at which the verification begins
 * @param lastId id of the checkpoint at which it begins; 0 for all
 */
export function createCheckpointCheck(options: {
  readonly origin: string
  readonly startSize: number
  readonly lastId: number
  readonly keys: GivenKeys
  readonly add: (finding: Finding) => void
  readonly note: (text: string) => void
}): CheckpointCheck {
  const { origin, keys } = options
  let count = 0
  let lastId = options.lastId
  /** Size up to which stored and computed roots agree. */
  let goodSize = options.startSize
  let differing = false
  let lost = false
  let signed = false
  let givenUp = false
  let byOthers = 0
  let newest: { readonly size: number; readonly by: readonly string[]; readonly signature: string } | undefined

  function add(code: FindingCode, size: number, detail: string, index?: number): void {
    options.add({
      code,
      origin,
      ...(index === undefined ? {} : { index }),
      detail: `checkpoint of ${size} entries: ${detail}`,
    })
  }

  function compareRoot({ size, root, note }: NumberedCheckpoint, tree: TreeCheck): void {
    if (lost) return
    // Where only the row was edited, its note has the right root, which `compareNote` then says.
    if (tree.hasRoot(root) || (note !== null && tree.hasRoot(rootIn(note)))) {
      for (const node of tree.wrongNodes) options.add(wrongNode(origin, node))
      tree.forgetWrongNodes()
      goodSize = size
      differing = false
      return
    }
    if (differing) return
    differing = true
    const [from, to] = smallestInterval(tree.wrongNodes, goodSize, size)
    add(
      'checkpoint_differs',
      size,
      from < to
        ? `its root is not that of its leaves. Of ${to - from} entries, ${from} to ${to - 1}, at least one was changed together with its leaf`
        : 'its root is not that of its leaves, and no leaf was added since a checkpoint whose root is right',
      from < to ? from : undefined,
    )
  }

  function compareNote(checkpoint: NumberedCheckpoint): void {
    const { size, root, note } = checkpoint
    if (note === null) {
      if (signed && !givenUp) add('checkpoint_unsigned', size, 'no signature, unlike those before it')
      newest = { size, by: [], signature: 'none' }
      return
    }
    signed = true
    givenUp = false
    const check = keys.check(note, origin)
    newest = { size, by: check.kind === 'signed' ? check.by : [], signature: check.kind }
    if (check.kind === 'malformed') add('checkpoint_differs', size, 'its note can not be read')
    else if (check.kind === 'wrong') add('signature_wrong', size, 'the signature of a given key is not for this text')
    else if (check.text !== textOf(origin, size, root))
      add('checkpoint_differs', size, 'its note names another tree, size or root than its row')
    if (check.kind === 'unknown') byOthers += 1
  }

  return {
    get count() {
      return count
    },
    get signedBy() {
      return newest?.by ?? []
    },
    signingGivenUp() {
      givenUp = true
    },
    lose() {
      lost = true
    },
    compare(checkpoint, tree) {
      count += 1
      if (checkpoint.id < lastId) add('checkpoint_differs', checkpoint.size, 'made before one that has fewer entries')
      lastId = Math.max(lastId, checkpoint.id)
      compareRoot(checkpoint, tree)
      compareNote(checkpoint)
    },
    end() {
      if (!keys.given || newest === undefined) return
      if (newest.signature === 'none')
        add('checkpoint_unsigned', newest.size, 'the newest one of this tree, without a signature')
      else if (newest.signature === 'unknown')
        add('key_unknown', newest.size, 'the newest one of this tree, signed by none of the given keys')
      else if (byOthers > 0)
        options.note(
          `${origin}: ${byOthers} older checkpoints are signed by keys that were not given; the newest one, which covers their entries, is signed by a given key`,
        )
    },
  }
}

/** The first block of leaves whose stored hash differs, as far as it lies between two checkpoints; else all between them. */
function smallestInterval(wrong: readonly WrongNode[], goodSize: number, size: number): readonly [number, number] {
  const block = wrong.filter(({ level }) => level === 1).sort((a, b) => a.index - b.index)[0]
  if (block === undefined) return [goodSize, size]
  const start = block.index * 256
  return [Math.max(goodSize, start), Math.min(size, start + 256)]
}

/** The finding of a stored subtree hash. */
function wrongNode(origin: string, { level, index }: WrongNode): Finding {
  const leaves = 256 ** level
  return {
    code: 'node_edited',
    origin,
    index: index * leaves,
    detail: `the stored hash of the ${leaves} leaves from ${index * leaves} on is another one, or missing`,
  }
}

function textOf(origin: string, size: number, root: Buffer): string | undefined {
  return root.length === 32 ? formatCheckpoint({ origin, size, root }) : undefined
}

/** The root that a note names; no bytes where it names none. */
function rootIn(note: string): Buffer {
  return Buffer.from(note.split('\n', 3)[2] ?? '', 'base64')
}
