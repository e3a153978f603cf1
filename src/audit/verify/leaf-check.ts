import { hash } from 'node:crypto'
import type { NumberedCheckpoint } from '../../store/read-checkpoints.ts'
import { LEAF_HEAD_BYTES, type LeafBatch } from '../../store/read-leaves.ts'
import type { StoredNodes, StoredTree } from '../../store/read-trees.ts'
import { type Anchor, type Continuation, isNamed } from './anchors.ts'
import { createBackDating, type OldEntry, type Suspected } from './back-dating.ts'
import { createCheckpointCheck } from './checkpoint-check.ts'
import { type EntryHead, readFields, readHead } from './entry-head.ts'
import type { Finding, FindingCode } from './findings.ts'
import { createGoneEntries, type GoneLeaf } from './gone-entries.ts'
import type { GivenKeys } from './keys.ts'
import { bodyLengthAt, entryIdAt, entryNumberAt, entryTimeAt, indexAt, leafHashAt, subjectAt } from './leaf-records.ts'
import { mismatchFindings } from './mismatches.ts'
import type { StartPoint } from './start-point.ts'
import { createTreeCheck, type Mismatch } from './tree-check.ts'

/** Most leaves with another hash than their entry that are remembered, to tell swapped entries. */
const MAX_MISMATCHES = 100_000

/** Checks the leaves, entries, checkpoints and anchors of one tree, given in the order of the leaves. */
export interface LeafCheck {
  take(leaves: LeafBatch, nodes: StoredNodes | undefined, checkpoints: readonly NumberedCheckpoint[]): void
  /** Takes what needs another look at the database. */
  takeOpen(): { readonly gone: readonly GoneLeaf[]; readonly suspected: readonly Suspected[] }
  /** @param there ids of those that exist, so that another column of them was changed */
  judgeGone(gone: readonly GoneLeaf[], there: ReadonlySet<string>): void
  /** Entries that were made later than they say. */
  judgeOld(entries: readonly OldEntry[]): void
  /** A checkpoint with more entries than the tree has leaves. */
  beyond(checkpoint: NumberedCheckpoint): void
  /** Leaves whose entry is gone. */
  readonly gone: number
  /** The highest id of an entry. */
  readonly lastEntryId: string
  /** An entry of `record.removed` that the tree does not have. */
  removal(entryId: string, body: Uint8Array): void
  /** After the last leaf. */
  end(): TreeResult
}

/** What a pass over a tree came to, besides its findings. */
export interface TreeResult {
  readonly root: Buffer
  /** Entries that are there. */
  readonly entries: number
  readonly checkpoints: number
  readonly signedBy: readonly string[]
}

/** Makes the check of one tree. */
export function createLeafCheck(options: {
  readonly tree: StoredTree
  readonly start: StartPoint
  readonly keys: GivenKeys
  /** Those of this tree whose size is at least that of the start point, the smallest first. */
  readonly anchors: readonly Anchor[]
  /** What the tree after this one says about it. */
  readonly continuation: Continuation | undefined
  /** False where only the newest checkpoint is known: the ids rise within a sealing, and sealings end at checkpoints. */
  readonly hasEveryCheckpoint: boolean
  readonly add: (finding: Finding) => void
  readonly note: (text: string) => void
}): LeafCheck {
  const { tree, start, anchors, hasEveryCheckpoint } = options
  const origin = tree.name
  const treeCheck = createTreeCheck(start.frontier)
  const checkpointCheck = createCheckpointCheck({
    ...options,
    origin,
    startSize: start.frontier.size,
    lastId: start.checkpoint?.id ?? 0,
  })
  const backDating = createBackDating(start.checkpoint)
  const goneEntries = createGoneEntries()
  const mismatches: Mismatch[] = []
  let gone: GoneLeaf[] = []
  let suspected: Suspected[] = []
  let expected = start.frontier.size
  let anchorPosition = 0
  let entries = 0
  /** Id of the entry before, while no checkpoint lies between: a sealing numbers entries in the order of their ids. */
  let idBefore = -1
  let highestId = 0
  let lost = false
  /** The time in the bytes of the last entry that is there. */
  let lastAt: string | undefined
  /** Size up to which the anchors agree. */
  let agreedSize = 0
  let anchorDiffers = false

  function add(code: FindingCode, index: number, detail: string, entry: Partial<Finding> = {}): void {
    options.add({ code, origin, index, ...entry, detail })
  }

  /** Of anchors that differ the first is reported: all later ones differ too. */
  function compareAnchor(anchor: Anchor): void {
    const { path, size, root } = anchor
    if (treeCheck.hasRoot(root)) agreedSize = size
    else if (!anchorDiffers && !isNamed(anchor, options.continuation)) {
      anchorDiffers = true
      const entries = `${size - agreedSize} entries, ${agreedSize} to ${size - 1}`
      options.add({ code: 'anchor_differs', origin, detail: `${path}: of ${entries}, at least one was changed` })
    }
  }

  /** Compares what was said about the tree of this size. */
  function atSize(size: number, checkpoints: readonly NumberedCheckpoint[], position: number): number {
    let next = position
    for (
      let checkpoint = checkpoints[next];
      checkpoint !== undefined && checkpoint.size <= size;
      checkpoint = checkpoints[next]
    ) {
      checkpointCheck.compare(checkpoint, treeCheck)
      const old = backDating.seal(checkpoint)
      if (old) suspected.push(old)
      idBefore = -1
      next += 1
    }
    for (
      let anchor = anchors[anchorPosition];
      anchor !== undefined && anchor.size <= size;
      anchor = anchors[anchorPosition]
    ) {
      if (!lost && anchor.size === size) compareAnchor(anchor)
      anchorPosition += 1
    }
    return next
  }

  function removal(entryId: string, body: Uint8Array): void {
    const says = goneEntries.removal(entryId, body)
    if (says !== undefined) options.note(`${origin}: ${says}`)
  }

  /** Entries that say something about the trail itself. */
  function readEntry(kind: string, body: Buffer, heads: Buffer, offset: number): void {
    if (kind === 'record.removed') removal(entryIdAt(heads, offset), body)
    else if (kind === 'audit.keys_changed') {
      const keys = readFields(body)?.keys
      if (Array.isArray(keys) && keys.length === 0) checkpointCheck.signingGivenUp()
    }
  }

  function checkHead(index: number, head: EntryHead, heads: Buffer, offset: number): void {
    if (head.subject !== undefined && head.subject !== subjectAt(heads, offset))
      add(
        'entry_edited',
        index,
        'its column `subject` is not what its bytes name; the bytes are those that were sealed',
        {
          entryId: entryIdAt(heads, offset),
          kind: head.kind,
          subject: head.subject,
        },
      )
    if (backDating.before !== undefined && head.at < backDating.before)
      backDating.add({ index, entryId: entryIdAt(heads, offset), kind: head.kind, subject: head.subject, at: head.at })
  }

  function checkNumbering(index: number, heads: Buffer, offset: number): void {
    if (index > expected) {
      const last = index - 1
      add(
        'entry_missing',
        expected,
        last === expected
          ? 'no leaf has this number: leaf and entry were removed. No root after it can be computed'
          : `no leaves have the numbers ${expected} to ${last}: ${index - expected} leaves and their entries were removed. No root after them can be computed`,
      )
      lost = true
      checkpointCheck.lose()
    }
    const id = entryNumberAt(heads, offset)
    if (hasEveryCheckpoint && id <= idBefore && index > 1)
      add(
        'entry_moved',
        index,
        `entry ${id} stands after entry ${idBefore}; one sealing numbers entries in the order of their ids`,
        {
          entryId: entryIdAt(heads, offset),
        },
      )
    idBefore = id
    if (id > highestId) highestId = id
    expected = index + 1
  }

  return {
    take({ count, heads, bodies }, nodes, checkpoints) {
      let checkpoint = atSize(expected, checkpoints, 0)
      let bodyStart = 0
      for (let offset = 0; offset < count * LEAF_HEAD_BYTES; offset += LEAF_HEAD_BYTES) {
        const index = indexAt(heads, offset)
        checkNumbering(index, heads, offset)
        const leaf = leafHashAt(heads, offset)
        const length = bodyLengthAt(heads, offset)
        if (length < 0) {
          gone.push({ index, entryId: entryIdAt(heads, offset), entryMs: entryTimeAt(heads, offset), after: lastAt })
          // A copy: a part of the batch would keep all of it in memory.
          treeCheck.append(Buffer.from(leaf), nodes)
        } else {
          entries += 1
          const bodyEnd = bodyStart + 1 + length
          const bodyHash = hash('sha256', bodies.subarray(bodyStart, bodyEnd), 'buffer')
          const head = readHead(bodies, bodyStart + 1, bodyEnd)
          if (bodyHash.equals(leaf)) {
            treeCheck.append(bodyHash, nodes)
            if (head !== undefined) {
              checkHead(index, head, heads, offset)
              lastAt = head.at
              readEntry(head.kind, bodies.subarray(bodyStart + 1, bodyEnd), heads, offset)
            }
          } else {
            const mismatch = {
              index,
              entryId: entryIdAt(heads, offset),
              kind: head?.kind,
              subject: head?.subject,
              leafHash: Buffer.from(leaf),
              bodyHash,
            }
            treeCheck.append(mismatch.leafHash, nodes, mismatch)
            if (mismatches.length < MAX_MISMATCHES) mismatches.push(mismatch)
            else
              options.add({ code: 'entry_edited', origin, index, detail: 'its bytes are not those that were sealed' })
          }
          bodyStart = bodyEnd
        }
        if (index >= tree.sealedSize) {
          add('entry_added', index, `no checkpoint covers this leaf; the newest has ${tree.sealedSize} entries`, {
            entryId: entryIdAt(heads, offset),
          })
        }
        checkpoint = atSize(expected, checkpoints, checkpoint)
      }
    },
    takeOpen() {
      const open = { gone, suspected }
      gone = []
      suspected = []
      return open
    },
    judgeGone(leaves, there) {
      for (const leaf of leaves)
        if (there.has(leaf.entryId))
          add('entry_edited', leaf.index, 'its column `created_at` is another one than when it was sealed', {
            entryId: leaf.entryId,
          })
        else goneEntries.add(leaf)
    },
    judgeOld(old) {
      for (const { index, entryId, kind, subject, at } of old)
        add(
          'entry_back_dated',
          index,
          `it says that it was made at ${at}; the checkpoint before it was made later and does not have it, although its transaction was not open`,
          { entryId, kind, ...(subject === undefined ? {} : { subject }) },
        )
    },
    beyond({ size }) {
      checkpointCheck.lose()
      add(
        'entry_missing',
        expected,
        `a checkpoint has ${size} entries, the tree has ${expected}: ${size - expected} are missing at its end`,
      )
    },
    get gone() {
      return goneEntries.count
    },
    get lastEntryId() {
      return String(Math.min(highestId, Number.MAX_SAFE_INTEGER))
    },
    removal,
    end() {
      checkpointCheck.end()
      for (const finding of goneEntries.findings(origin)) options.add(finding)
      for (const finding of mismatchFindings(origin, mismatches)) options.add(finding)
      return {
        root: treeCheck.root(),
        entries,
        checkpoints: checkpointCheck.count,
        signedBy: checkpointCheck.signedBy,
      }
    },
  }
}
