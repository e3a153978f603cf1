import type { Kysely } from 'kysely'
import type { Verifier } from '../../contract/note-keys.ts'
import { readRemovals } from '../../store/find-entries.ts'
import { readLeaves } from '../../store/read-leaves.ts'
import { readTrees, type StoredTree } from '../../store/read-trees.ts'
import type { Tables } from '../../store/tables.ts'
import {
  type Anchor,
  type AnchorFile,
  type Continuation,
  isNamed,
  judgeAhead,
  judgeKept,
  readAnchor,
  readContinuation,
} from './anchors.ts'
import { createGivenKeys, type GivenKeys } from './keys.ts'
import { createLeafCheck, type TreeResult } from './leaf-check.ts'
import type { Report } from './report.ts'
import { type Since, type StartPoint, startSince, storedFrontier, treeStart } from './start-point.ts'
import { passOver } from './tree-pass.ts'
import { findUnsealed } from './unsealed.ts'

/** How to verify trees. */
export interface TreesOptions {
  /** Keys of the one who verifies, never from the database. Without any, signatures are not checked. */
  readonly keys: readonly Verifier[]
  readonly anchors: readonly AnchorFile[]
  /** Everything if absent. */
  readonly since?: Since
  /** Milliseconds in which a gateway seals an entry whose transaction has just ended; 2,500 if absent. */
  readonly nextSealingMs?: number
  /** Called after each batch. */
  readonly onProgress?: (done: number, total: number) => void
}

/** A tree that was verified. */
export interface VerifiedTree {
  readonly origin: string
  readonly size: number
  readonly root: Buffer
  /** Entries that were verified. */
  readonly entries: number
  readonly checkpoints: number
  /** Given keys that signed the newest checkpoint, as `<name>+<key ID>`. */
  readonly signedBy: readonly string[]
}

/**
 * Verifies entries, leaves, checkpoints and anchors of all trees, and finds entries without a leaf.
 *
 * @param report gets what is found
 */
export async function verifyTrees(
  db: Kysely<Tables>,
  options: TreesOptions,
  report: Report,
): Promise<readonly VerifiedTree[]> {
  const keys = createGivenKeys(options.keys)
  if (!keys.given) report.add({ note: 'Signatures were not checked, because no key was given.' })
  const trees = await readTrees(db)
  if (trees.length === 0)
    report.add({ note: 'Nothing is sealed yet: no gateway has run since the audit trail exists.' })
  const anchors = readAnchors(options.anchors, trees, keys, report)
  const starts = await startPoints(db, trees, options.since, report)
  const total = trees.reduce((sum, tree, index) => sum + tree.end - (starts[index]?.frontier.size ?? tree.end), 0)
  let done = 0
  const onLeaves = (count: number) => {
    done += count
    options.onProgress?.(done, total)
  }
  const origins: VerifiedTree[] = []
  const continuations = await readContinuations(db, trees)
  for (const [index, tree] of trees.entries()) {
    const start = starts[index]
    if (start === undefined) continue
    const own = anchors.filter(({ origin }) => origin === tree.name).sort((a, b) => a.size - b.size)
    for (const anchor of own)
      if (anchor.size < start.frontier.size)
        await compareEarlier(db, tree, anchor, continuations.get(tree.name), report)
    const continuation = continuations.get(tree.name)
    const result = await verifyTree(db, { tree, start, keys, anchors: own, continuation, report, onLeaves })
    const { root, entries, checkpoints, signedBy } = result
    origins.push({ origin: tree.name, size: tree.end, root, entries, checkpoints, signedBy })
  }
  judgeLosses(trees, origins, anchors, continuations, report)
  for await (const finding of findUnsealed(db, '0', options.nextSealingMs)) report.add(finding)
  return origins
}

async function verifyTree(
  db: Kysely<Tables>,
  options: {
    readonly tree: StoredTree
    readonly start: StartPoint
    readonly keys: GivenKeys
    readonly anchors: readonly Anchor[]
    readonly continuation: Continuation | undefined
    readonly report: Report
    readonly onLeaves: (count: number) => void
  },
): Promise<TreeResult> {
  const { tree, start, report } = options
  const check = createLeafCheck({
    ...options,
    anchors: options.anchors.filter(({ size }) => size >= start.frontier.size),
    hasEveryCheckpoint: true,
    add: (finding) => report.add(finding),
    note: (note) => report.add({ note }),
  })
  await passOver(db, tree, start, check, options.onLeaves)
  if (check.gone > 0) {
    // Retention may have removed entries while the tree was read: its own entry is then a later one.
    for (const { id, body } of await readRemovals(db, check.lastEntryId)) check.removal(id, body)
    report.add({ note: `${tree.name}: ${check.gone} entries are gone; their leaves were verified.` })
  }
  return check.end()
}

/** The start of each tree; undefined for a tree that ends before the time from which on to verify. */
async function startPoints(
  db: Kysely<Tables>,
  trees: readonly StoredTree[],
  since: Since | undefined,
  report: Report,
): Promise<readonly (StartPoint | undefined)[]> {
  const starts: (StartPoint | undefined)[] = []
  for (const [index, tree] of trees.entries()) {
    const isNewest = index === trees.length - 1
    if (since === undefined) starts.push(treeStart())
    else if ('size' in since && !isNewest) starts.push(undefined)
    else {
      const { start, finding } = await startSince(db, tree, since)
      if (finding) report.add(finding)
      const over = !isNewest && start.checkpoint?.id === tree.lastCheckpointId
      starts.push(over ? undefined : start)
      if (start.checkpoint !== undefined)
        report.add({
          note: `${tree.name}: the first ${start.checkpoint.size} entries were not verified, but taken on the word of their checkpoint.`,
        })
    }
  }
  return starts
}

function readAnchors(
  files: readonly AnchorFile[],
  trees: readonly StoredTree[],
  keys: GivenKeys,
  report: Report,
): readonly Anchor[] {
  const anchors: Anchor[] = []
  for (const file of files) {
    const anchor = readAnchor(file, keys)
    if ('code' in anchor) report.add(anchor)
    else if (trees.some(({ name }) => name === anchor.origin)) anchors.push(anchor)
    else
      report.add({
        code: 'anchor_invalid',
        origin: anchor.origin,
        detail: `${file.path}: a checkpoint of a tree that is not in this database`,
      })
  }
  return anchors
}

/** What the first entries of trees say about the trees before them, by the names of those. */
async function readContinuations(
  db: Kysely<Tables>,
  trees: readonly StoredTree[],
): Promise<ReadonlyMap<string, Continuation>> {
  const continuations = new Map<string, Continuation>()
  for (const { id } of trees.slice(1)) {
    const { bodies } = await db.transaction().execute((transaction) => readLeaves(transaction, id, { from: 0, end: 1 }))
    // Without the byte that stands before each entry.
    const continuation = readContinuation(bodies.subarray(1))
    if (continuation !== undefined) continuations.set(continuation.oldOrigin, continuation)
  }
  return continuations
}

/** An anchor from before the start of the verification is compared with the stored hashes. */
async function compareEarlier(
  db: Kysely<Tables>,
  tree: StoredTree,
  anchor: Anchor,
  continuation: Continuation | undefined,
  report: Report,
): Promise<void> {
  const frontier = await storedFrontier(db, tree, anchor.size)
  if (frontier?.root().equals(anchor.root) || isNamed(anchor, continuation)) return
  report.add({
    code: 'anchor_differs',
    origin: tree.name,
    detail: `${anchor.path}: the stored hashes of the first ${anchor.size} entries give another root`,
  })
}

/** Judges what later trees say about the end of earlier ones, and the anchors with more entries than their tree. */
function judgeLosses(
  trees: readonly StoredTree[],
  verified: readonly VerifiedTree[],
  anchors: readonly Anchor[],
  continuations: ReadonlyMap<string, Continuation>,
  report: Report,
): void {
  for (const { name, end } of trees) {
    const continuation = continuations.get(name)
    const root = verified.find(({ origin }) => origin === name)?.root
    const lost = continuation && judgeKept(name, end, root, continuation)
    if (lost !== undefined) report.add(lost)
    for (const anchor of anchors.filter(({ origin, size }) => origin === name && size > end)) {
      const verdict = judgeAhead(anchor, end, continuation)
      if (verdict !== undefined) report.add(verdict)
    }
  }
}
