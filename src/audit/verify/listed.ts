import type { AuditEntryPage, AuditEntryView } from '../../contract/audit.ts'
import type { NumberedCheckpoint } from '../../store/read-checkpoints.ts'
import { LEAF_HEAD_BYTES, type LeafBatch } from '../../store/read-leaves.ts'
import type { StoredTree } from '../../store/read-trees.ts'
import { InvalidCheckpoint, readCheckpoint } from '../checkpoint.ts'
import { InvalidNote, readUnverified } from '../signed-note.ts'
import { type Anchor, type Continuation, judgeAhead, judgeKept, readAnchor, readContinuation } from './anchors.ts'
import { readHead } from './entry-head.ts'
import { createGivenKeys } from './keys.ts'
import { createLeafCheck, type LeafCheck } from './leaf-check.ts'
import type { Report } from './report.ts'
import { treeStart } from './start-point.ts'
import type { TreesOptions, VerifiedTree } from './trees.ts'

/** The trail as a running gateway lists it. */
export interface ListedTrail {
  /** A page of raw entries in the order of their trees; those that are not sealed come last. */
  entries(cursor: string | undefined): Promise<AuditEntryPage>
  /** The newest signed checkpoint of a tree, the newest one if absent; undefined where none is signed. */
  checkpoint(origin?: string): Promise<string | undefined>
}

/** Age in milliseconds from which on an entry should have a leaf. */
const SEALED_AFTER_MS = 60_000

/** A tree while its entries come. */
interface ListedTree {
  readonly name: string
  /** Its newest signed checkpoint; undefined where none is signed. */
  readonly newest: NumberedCheckpoint | undefined
  readonly check: LeafCheck
  leaves: number
}

/**
 * Verifies the trees of a gateway that has its database for itself: computes them from the raw entries up to the newest signed
 * checkpoint of each. Checkpoints and hashes in between, times of entries and the rows of the record are not seen so.
 */
export async function verifyListed(
  trail: ListedTrail,
  options: Omit<TreesOptions, 'since'>,
  report: Report,
): Promise<readonly VerifiedTree[]> {
  const keys = createGivenKeys(options.keys)
  if (!keys.given) report.add({ note: 'Signatures were not checked, because no key was given.' })
  const anchors: Anchor[] = []
  for (const file of options.anchors) {
    const anchor = readAnchor(file, keys)
    if ('code' in anchor) report.add(anchor)
    else anchors.push(anchor)
  }
  const trees: ListedTree[] = []
  const continuations = new Map<string, Continuation>()
  let done = 0
  // Before the first page: the newest tree grows, and its listed entries must be those of this checkpoint at least.
  const newestNote = await trail.checkpoint()

  async function begin(name: string, first: AuditEntryView): Promise<ListedTree> {
    const continuation = first.bytes === null ? undefined : readContinuation(Buffer.from(first.bytes, 'base64'))
    if (continuation !== undefined) continuations.set(continuation.oldOrigin, continuation)
    const note = newestNote?.startsWith(`${name}\n`) ? newestNote : await trail.checkpoint(name)
    const newest = note === undefined ? undefined : stored(note)
    if (note === undefined)
      report.add(
        keys.given
          ? { code: 'checkpoint_unsigned', origin: name, detail: 'no checkpoint of this tree is signed' }
          : { note: `${name}: no checkpoint is signed, so its root was compared with nothing.` },
      )
    const tree: StoredTree = {
      id: trees.length + 1,
      name,
      end: newest?.size ?? 0,
      lastCheckpointId: 1,
      sealedSize: Number.MAX_SAFE_INTEGER,
    }
    const check = createLeafCheck({
      tree,
      start: treeStart(),
      keys,
      anchors: anchors.filter(({ origin }) => origin === name).sort((a, b) => a.size - b.size),
      continuation: undefined,
      hasEveryCheckpoint: false,
      add: (finding) => report.add(finding),
      note: (text) => report.add({ note: text }),
    })
    return { name, newest, check, leaves: 0 }
  }

  async function take(entries: readonly AuditEntryView[]): Promise<void> {
    for (const [name, group] of Map.groupBy(entries, ({ origin }) => origin)) {
      const [first] = group
      if (name === null || first === undefined) continue
      let tree = trees.find((one) => one.name === name)
      if (tree === undefined) {
        tree = await begin(name, first)
        trees.push(tree)
      }
      // Later entries were sealed since the checkpoint was asked for.
      const known = group.filter(({ index }) => (index ?? 0) < (tree.newest?.size ?? Number.MAX_SAFE_INTEGER))
      tree.leaves += known.length
      done += known.length
      tree.check.take(batchOf(known), undefined, [])
      const { gone } = tree.check.takeOpen()
      tree.check.judgeGone(gone, new Set())
    }
  }

  for (let cursor: string | undefined, more = true; more; ) {
    const page = await trail.entries(cursor)
    await take(page.entries)
    for (const entry of page.entries) reportUnsealed(entry, report)
    options.onProgress?.(done, done)
    cursor = page.nextCursor ?? undefined
    more = cursor !== undefined
  }
  const verified: VerifiedTree[] = []
  for (const tree of trees) verified.push(end(tree))
  for (const { origin, path } of anchors)
    if (!trees.some(({ name }) => name === origin))
      report.add({
        code: 'anchor_invalid',
        origin,
        detail: `${path}: a checkpoint of a tree that the gateway does not have`,
      })
  return verified

  function end({ name, newest, check, leaves }: ListedTree): VerifiedTree {
    if (newest !== undefined && newest.size > leaves) check.beyond(newest)
    else if (newest !== undefined) check.take(batchOf([]), undefined, [newest])
    const { root, entries, checkpoints, signedBy } = check.end()
    const continuation = continuations.get(name)
    const kept = continuation && judgeKept(name, leaves, root, continuation)
    if (kept !== undefined) report.add(kept)
    for (const anchor of anchors.filter((one) => one.origin === name && one.size > leaves)) {
      const verdict = judgeAhead(anchor, leaves, continuation)
      if (verdict !== undefined) report.add(verdict)
    }
    return { origin: name, size: leaves, root, entries, checkpoints, signedBy }
  }
}

/** A note as a stored checkpoint; of size 0 where it is none, which its own check then reports. */
function stored(note: string): NumberedCheckpoint {
  const rest = { id: 1, note, sealedAt: new Date(), snapshot: '', complete: false, cluster: '' }
  try {
    const { size, root } = readCheckpoint(readUnverified(note).text)
    return { ...rest, size, root }
  } catch (error) {
    if (!(error instanceof InvalidNote || error instanceof InvalidCheckpoint)) throw error
    return { ...rest, size: 0, root: Buffer.alloc(32) }
  }
}

/** Listed entries in the form in which the database gives them. */
function batchOf(entries: readonly AuditEntryView[]): LeafBatch {
  const heads = Buffer.alloc(entries.length * LEAF_HEAD_BYTES)
  const bodies: Buffer[] = []
  for (const [position, { index, id, leafHash, bytes }] of entries.entries()) {
    const offset = position * LEAF_HEAD_BYTES
    const body = bytes === null ? undefined : Buffer.from(bytes, 'base64')
    heads.writeBigInt64BE(BigInt(index ?? 0), offset)
    heads.writeBigInt64BE(BigInt(id), offset + 8)
    heads.write(leafHash, offset + 24, 32, 'hex')
    heads.writeInt32BE(body?.length ?? -1, offset + 56)
    // The column is not listed; the bytes name the subject.
    const subject = body && readHead(body, 0, body.length)?.subject
    if (subject !== undefined) heads.write(subject.replaceAll('-', ''), offset + 60, 16, 'hex')
    if (body !== undefined) bodies.push(ZERO, body)
  }
  return { count: entries.length, heads, bodies: Buffer.concat(bodies) }
}

/** Stands before each entry in the input of its leaf hash. */
const ZERO = Buffer.of(0)

function reportUnsealed({ origin, id, bytes }: AuditEntryView, report: Report): void {
  if (origin !== null || bytes === null) return
  const body = Buffer.from(bytes, 'base64')
  const head = readHead(body, 0, body.length)
  const ageMs = Date.now() - Date.parse(head?.at ?? '')
  if (!(ageMs > SEALED_AFTER_MS)) return
  report.add({
    code: 'entry_unsealed',
    entryId: String(id),
    ...(head && { kind: head.kind }),
    detail: `${Math.round(ageMs / 1000)} seconds old, and no gateway has sealed it`,
  })
}
